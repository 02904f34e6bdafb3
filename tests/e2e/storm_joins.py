"""Statements of a storm that change rows of several tables, or of one in a roundabout way."""

from .random_tables import random_value


def _pair(session, table):
    """Another table, and a condition that joins rows of both, called a and b."""
    other = session.any_table()
    if other is None or "big" in (table.name, other.name):
        return None, ""
    ours, theirs = (session.random.choice([c.name for c in t.columns if c.is_integer] or [None]) for t in (table, other))
    return (other, f"MOD(a.`{ours}`, 7) = MOD(b.`{theirs}`, 7)") if ours and theirs else (other, "RAND() < 0.05")


def update_joined(session, cursor, table):
    other, condition = _pair(session, table)
    if other is None:
        return
    chosen = [(letter, c) for letter, t in (("a", table), ("b", other))
              for c in session.random.sample(t.writable, min(len(t.writable), session.random.randint(0, 2)))]
    if not chosen:
        return
    sets = ", ".join(f"{letter}.`{c.name}` = %s" for letter, c in chosen)
    cursor.execute(f"UPDATE {session.random.choice(['', 'IGNORE '])}{table.quoted} AS a JOIN {other.quoted} AS b ON {condition} "
                   f"SET {sets} WHERE RAND() < 0.1", [random_value(session.random, c) for _, c in chosen])


def delete_joined(session, cursor, table):
    other, condition = _pair(session, table)
    if other is not None:
        gone = session.random.choice(["a", "b", "a, b"])
        cursor.execute(f"DELETE {gone} FROM {table.quoted} AS a JOIN {other.quoted} AS b ON {condition} WHERE RAND() < 0.02")


def insert_from_other(session, cursor, table):
    """What fits, or nearly; where a row is there already, it may be changed, in its keys, too."""
    other = session.any_table()
    columns = [c for c in table.writable if not c.is_auto]
    if other is None or not columns:
        return
    values, sources = [], []
    for column in columns:
        alike = [c.name for c in other.columns if c.data_type == column.data_type]
        if alike and session.random.random() < 0.8:
            sources.append(f"b.`{session.random.choice(alike)}`")
        else:
            sources.append("%s")
            values.append(random_value(session.random, column))
    changed = session.random.sample(columns, session.random.randint(0, min(3, len(columns))))
    verb = session.random.choice(["INSERT", "INSERT IGNORE", "REPLACE"]) if not changed else "INSERT"
    text = (f"{verb} INTO {table.quoted} ({', '.join(f'`{c.name}`' for c in columns)}) SELECT {', '.join(sources)} "
            f"FROM {other.quoted} AS b WHERE RAND() < 0.3 LIMIT {session.random.choice([1, 4, 30])}")
    if changed:
        text += " ON DUPLICATE KEY UPDATE " + ", ".join(f"`{c.name}` = VALUES(`{c.name}`)" for c in changed)
    cursor.execute(text, values)


def edit_documents(session, cursor, table):
    documents = [c.name for c in table.writable if c.name.startswith("j")]
    if documents:
        name = session.random.choice(documents)
        change = session.random.choice(["JSON_SET(`{}`, '$.a', 'new')", "JSON_REMOVE(`{}`, '$.b')", "JSON_SET(`{}`, '$[1]', 70000)",
                                        "JSON_REPLACE(`{}`, '$.a', 'y', '$[0]', 1)", "JSON_ARRAY(`{}`)"]).format(name)
        cursor.execute(f"UPDATE {table.quoted} SET `{name}` = {change} WHERE JSON_VALID(`{name}`) AND LENGTH(`{name}`) < 400 "
                       f"ORDER BY RAND() LIMIT 9")


def by_way_of_temporary(session, cursor, table):
    """A temporary table with a name of its own, or with that of the table, which it hides."""
    if table.name == "big":
        return
    number = session.random.randint(1, 9)
    hides = session.random.random() < 0.3
    name = table.quoted if hides else f"`{table.schema}`.`temp{number}`"
    cursor.execute(f"CREATE TEMPORARY TABLE {name} LIKE {table.quoted}")
    try:
        names = ", ".join(f"`{c.name}`" for c in table.writable)
        if not hides:
            cursor.execute(f"INSERT IGNORE INTO {name} ({names}) SELECT {names} FROM {table.quoted} LIMIT 9")
        cursor.execute(f"ALTER TABLE {name} ADD COLUMN temporary INT DEFAULT 4")
        session.insert(cursor, table)
        if not hides:
            cursor.execute(f"UPDATE {name} SET temporary = 5 LIMIT 3")
            cursor.execute(f"REPLACE INTO {table.quoted} ({names}) SELECT {names} FROM {name}")
        if session.random.random() < 0.3:
            cursor.execute(f"TRUNCATE TABLE {name}")
    finally:
        cursor.execute(f"DROP TEMPORARY TABLE {name}")


def change_many(session, cursor, table):
    """More than ten thousand rows in one transaction; once in a storm, since it takes its time."""
    if session.storm.counts["many"] or session.random.random() < 0.9:
        return
    session.storm.counts["many"] += 1
    big = f"`{session.storm.schemas[0]}`.`big`"
    cursor.execute(f"UPDATE {big} SET n1 = COALESCE(n1, 0) + 1, pad = CONCAT('x', LEFT(pad, 20)) LIMIT 6000")
    cursor.execute(f"UPDATE {big} SET n1 = n1 - 1 ORDER BY k1 DESC LIMIT 6000")


FORMS = [update_joined, update_joined, delete_joined, insert_from_other, insert_from_other, edit_documents, by_way_of_temporary,
         change_many]
