"""Messages and services of a set of .proto files, without generated code."""

import subprocess
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor

_OWN_NUMBERS = 101  # fields from here on are this system's; an existing client does not know them


class Schema:
    """What protoc makes of the files in `folder`; each schema has a pool of its own, so names may clash."""

    def __init__(self, folder, *files, package="pb"):
        with tempfile.NamedTemporaryFile() as out:
            subprocess.run(["protoc", f"-I{folder}", "--include_imports", f"--descriptor_set_out={out.name}",
                            *(str(Path(folder) / file) for file in files)], check=True)
            described = descriptor_pb2.FileDescriptorSet.FromString(Path(out.name).read_bytes())
        self._pool = descriptor_pool.DescriptorPool()
        self._factory = message_factory.MessageFactory(self._pool)
        self._package = package
        self._names = []
        for file in described.file:
            self._pool.Add(file)
            if file.package == package:
                self._names += [message.name for message in file.message_type]

    def message(self, name):
        """The class of a message of the package."""
        return self.class_of(self._pool.FindMessageTypeByName(f"{self._package}.{name}"))

    def class_of(self, descriptor):
        return self._factory.GetPrototype(descriptor)

    def messages(self):
        return sorted(self._names)

    def service(self, name):
        """Descriptor of a service of the package."""
        return self._pool.FindServiceByName(f"{self._package}.{name}")

    def enum(self, name):
        return self._pool.FindEnumTypeByName(f"{self._package}.{name}")


def _scalar(field, salt):
    if field.type == FieldDescriptor.TYPE_STRING:
        return f"{field.name} ä🐬 {salt}"
    if field.type == FieldDescriptor.TYPE_BYTES:
        return b"\0\xff" + field.name.encode()
    if field.type == FieldDescriptor.TYPE_BOOL:
        return True
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        return field.number + 0.5
    if field.type == FieldDescriptor.TYPE_ENUM:
        return field.enum_type.values[-1].number
    return 2**31 - 1 - field.number if field.type == FieldDescriptor.TYPE_INT32 else 2**63 - 1 - field.number


def _is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def fill(message, salt=1):
    """Sets every field, of every message inside too; of a oneof, the member that `salt` chooses. Returns it."""
    for field in message.DESCRIPTOR.fields:
        group = field.containing_oneof
        if group is not None and group.fields[salt % len(group.fields)].number != field.number:
            continue
        if _is_map(field):
            value = field.message_type.fields_by_name["value"]
            if value.message_type is None:
                getattr(message, field.name)[f"key {salt}"] = _scalar(value, salt)
            else:
                fill(getattr(message, field.name)[f"key {salt}"], salt)
        elif field.message_type is not None and field.label == FieldDescriptor.LABEL_REPEATED:
            for number in (salt, salt + 1):
                fill(getattr(message, field.name).add(), number)
        elif field.message_type is not None:
            fill(getattr(message, field.name), salt)
            getattr(message, field.name).SetInParent()
        elif field.label == FieldDescriptor.LABEL_REPEATED:
            getattr(message, field.name).extend([_scalar(field, salt), _scalar(field, salt + 1)])
        else:
            setattr(message, field.name, _scalar(field, salt))
    return message


def unknown_numbers(message):
    """Numbers of the fields that the message's description lacks, at any depth; the system's own do not count."""
    found = [field.field_number for field in message.UnknownFields() if field.field_number < _OWN_NUMBERS]
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if _is_map(field):
            inner = value.values() if field.message_type.fields_by_name["value"].message_type is not None else []
        else:
            inner = value if field.label == FieldDescriptor.LABEL_REPEATED else [value]
        for one in inner:
            found += unknown_numbers(one)
    return found
