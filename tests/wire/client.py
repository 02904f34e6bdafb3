"""Calls to one service at one address."""

import grpc

from .schema import unknown_numbers


class WireError(AssertionError):
    """An answer that the description of the service does not allow."""


class Client:
    """A connection to `service` ("Master" or "Worker") of `schema`. To be used in a with block."""

    def __init__(self, schema, service, address, timeout=30):
        self._schema = schema
        self._service = schema.service(service)
        self._channel = grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", -1),
                                                                ("grpc.enable_http_proxy", 0)])
        self._timeout = timeout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._channel.close()

    def methods(self):
        return [method.name for method in self._service.methods]

    def request_of(self, method):
        return self._schema.class_of(self._service.methods_by_name[method].input_type)()

    def call(self, method, request=None, **fields):
        """The answer, once it is shown that every field of it is known and that its bytes survive a round trip."""
        described = self._service.methods_by_name[method]
        request = request or self._schema.class_of(described.input_type)(**fields)
        answer_class = self._schema.class_of(described.output_type)
        raw = self.call_bytes(method, request.SerializeToString())
        answer = answer_class.FromString(raw)
        unknown = unknown_numbers(answer)
        if unknown:
            raise WireError(f"{method} answered with fields {unknown} that {described.output_type.name} has not")
        if len(answer.SerializeToString()) != len(raw):
            raise WireError(f"{method}: {len(raw)} bytes became {len(answer.SerializeToString())}")
        return answer

    def call_bytes(self, method, request):
        """Sends any bytes as the request; returns those of the answer."""
        return self.raw(f"/{self._service.full_name}/{method}")(request, timeout=self._timeout)

    def raw(self, path):
        return self._channel.unary_unary(path, request_serializer=None, response_deserializer=None)
