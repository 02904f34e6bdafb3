"""Rarer changes of structures in a storm: actions of ALTER TABLE, and statements of their own."""

from .random_tables import LIST_VALUES, create_partitioned, partitioning, random_type


def _of(session, columns):
    return session.random.choice(columns) if columns else None


def _untouched(session, table, touched, test):
    column = _of(session, [c for c in table.columns if c.name not in touched and test(c)])
    if column is not None:
        touched.add(column.name)
    return column


def _new(session, table, touched, letter="c"):
    name = session.fresh(table, letter)
    if name in touched:
        return None
    touched.add(name)
    return name


def _listed(names):
    return "(" + ", ".join(f"`{name}`" for name in names) + ")"


def _is_new(session):
    """Whether the source is none of the oldest."""
    return session.storm.server.kind.name != "mysql5.6"


# Actions of ALTER TABLE: (session, table, touched) -> text or None.

def add_with_expression(session, table, touched):
    name = _new(session, table, touched)
    if name is None or not _is_new(session) or len(table.columns) > 18:
        return None
    return f"ADD COLUMN `{name}` " + session.random.choice([
        "INT DEFAULT (3 + 4)", "VARCHAR(20) DEFAULT (CONCAT('a', 'b'))", "DATE DEFAULT (CURRENT_DATE)", "TEXT DEFAULT ('it''s')",
        "INT INVISIBLE DEFAULT 5", "DATETIME(3) DEFAULT (NOW(3))", "INT NOT NULL DEFAULT 1 CHECK (1 = 1)"])


def add_list(session, table, touched):
    names = [_new(session, table, touched), _new(session, table, touched)]
    if None in names or len(table.columns) > 17:
        return None
    return f"ADD COLUMN (`{names[0]}` {random_type(session.random)}, `{names[1]}` INT NOT NULL DEFAULT 3)"


def replace_column(session, table, touched):
    column = _untouched(session, table, touched, lambda c: not c.in_key and not c.is_generated)
    if column is None or any(c.is_generated for c in table.columns):
        return None
    return f"DROP COLUMN `{column.name}`, ADD COLUMN `{column.name}` {random_type(session.random)}{session.place(table)}"


def swap_names(session, table, touched):
    if any(c.is_generated for c in table.columns):
        return None
    columns = [c for c in table.columns if c.name not in touched and not c.in_key and not c.is_generated]
    if len(columns) < 2:
        return None
    one, two = session.random.sample(columns, 2)
    touched.update((one.name, two.name))
    if _is_new(session) and session.random.random() < 0.5:
        return f"RENAME COLUMN `{one.name}` TO `{two.name}`, RENAME COLUMN `{two.name}` TO `{one.name}`"
    return (f"CHANGE COLUMN `{one.name}` `{two.name}` {one.column_type} NULL, "
            f"CHANGE COLUMN `{two.name}` `{one.name}` {two.column_type} NULL")


def drop_key_column(session, table, touched):
    """Keys lose the column; one that the rows are told apart by stays."""
    keeps = [parts for name, parts in table.uniques.items()
             if name not in table.prefixed and not {c.name for c in table.columns if c.nullable} & set(parts)]
    needed = set(keeps[0]) if keeps else set()
    column = _untouched(session, table, touched, lambda c: c.in_key and c.name not in needed and not c.is_auto)
    return f"DROP COLUMN `{column.name}`" if column and not any(c.is_generated for c in table.columns) else None


def other_primary(session, table, touched):
    """The primary key becomes a unique one, a unique one the primary key, or it gets a column more."""
    primary = table.uniques.get("PRIMARY")
    others = [parts for name, parts in table.uniques.items() if name not in table.prefixed and name != "PRIMARY"
              and not any(c.nullable or c.is_generated for c in table.columns if c.name in parts)]
    if "PRIMARY" in touched or any(c.is_auto for c in table.columns):
        return None
    touched.add("PRIMARY")
    if primary is None:
        return f"ADD PRIMARY KEY {_listed(others[0])}" if others else None
    if others and session.random.random() < 0.5:
        was = f"`was{session.random.randint(1, 99)}`"
        return f"DROP PRIMARY KEY, ADD PRIMARY KEY {_listed(others[0])}, ADD UNIQUE KEY {was} {_listed(primary)}"
    whole = [c.name for c in table.columns if c.is_integer and not c.nullable and c.name not in primary and not c.is_generated]
    if whole and session.random.random() < 0.5:
        return f"DROP PRIMARY KEY, ADD PRIMARY KEY {_listed([whole[0], *primary])}"
    return f"DROP PRIMARY KEY, ADD UNIQUE KEY `uk{session.random.randint(1, 99)}` {_listed(primary)}"


def retype_key(session, table, touched):
    """Another type for a key, which keeps its values."""
    column = _untouched(session, table, touched, lambda c: c.in_key and not c.is_auto and not c.is_generated
                        and (c.is_integer or c.data_type in ("char", "varchar", "decimal", "datetime")))
    if column is None or any(c.is_generated for c in table.columns):
        return None
    null = "NULL" if column.nullable else "NOT NULL"
    if column.is_integer:
        kind = session.random.choice(["BIGINT", "DECIMAL(30)", "VARCHAR(24) CHARACTER SET latin1 COLLATE latin1_bin"])
    elif column.data_type == "decimal":
        kind = "DECIMAL(12,4)"
    elif column.data_type == "datetime":
        kind = "DATETIME(3)"
    else:
        kind = (f"VARCHAR({(column.length or 1) + session.random.choice([0, 5, 60])}) CHARACTER SET {column.charset} "
                f"COLLATE {column.collation}")
    return f"MODIFY COLUMN `{column.name}` {kind} {null}{session.place(table) if session.random.random() < 0.3 else ''}"


def other_null(session, table, touched):
    column = _untouched(session, table, touched, lambda c: c.is_integer and not c.is_auto and not c.is_generated
                        and (c.nullable or not any(c.name in parts for parts in table.uniques.values())))
    if column is None or any(c.is_generated for c in table.columns):
        return None
    return f"MODIFY COLUMN `{column.name}` {column.column_type} {'NOT NULL' if column.nullable else 'NULL'}"


def add_generated(session, table, touched):
    column = _of(session, [c for c in table.columns if c.name not in touched and not c.is_generated and not c.is_auto
                           and (c.is_integer or c.is_text)])
    name = _new(session, table, touched, "g")
    if column is None or name is None or not _is_new(session) or len(table.columns) > 18:
        return None
    how = session.random.choice(["VIRTUAL", "STORED"])
    if column.is_integer:
        key = f", ADD KEY `{name}k` (`{name}`)" if session.random.random() < 0.4 else ""
        return f"ADD COLUMN `{name}` BIGINT GENERATED ALWAYS AS (`{column.name}` DIV 2) {how}{key}"
    return f"ADD COLUMN `{name}` INT AS (CHAR_LENGTH(`{column.name}`)) {how}"


def drop_generated(session, table, touched):
    column = _untouched(session, table, touched, lambda c: c.is_generated and not c.in_key)
    return f"DROP COLUMN `{column.name}`" if column else None


def add_odd_index(session, table, touched):
    number = session.random.randint(1, 99)
    column = _of(session, [c for c in table.columns if c.name not in touched and not c.is_generated and not c.is_auto])
    if column is None:
        return None
    if column.is_text or column.data_type in ("blob", "varbinary"):
        length = min(column.length or 9, session.random.choice([2, 3, 9]))
        if column.is_text and session.random.random() < 0.15:
            return f"ADD FULLTEXT KEY `ft{number}` (`{column.name}`)"
        return f"ADD {session.random.choice(['UNIQUE ', ''])}KEY `up{number}` (`{column.name}`({length}))"
    return f"ADD KEY `d{number}` (`{column.name}` DESC)"


def rename_index(session, table, touched):
    name = _of(session, [n for n in table.indexes if n != "PRIMARY" and n not in touched])
    if name is None or not _is_new(session):
        return None
    new = f"r{session.random.randint(1, 999)}"
    touched.add(name)
    return f"RENAME {session.random.choice(['INDEX', 'KEY'])} `{name}` TO `{new}`"


def set_option(session, table, touched):
    if "options" in touched:
        return None
    touched.add("options")
    return session.random.choice(["ENGINE=InnoDB", "ROW_FORMAT=DYNAMIC", "ROW_FORMAT=COMPACT", "COMMENT='it''s, (a) table'",
                                  "AUTO_INCREMENT=700", "STATS_PERSISTENT=0", "FORCE", "DEFAULT CHARSET=latin1"])


def other_default(session, table, touched):
    column = _untouched(session, table, touched, lambda c: not c.is_auto and not c.is_generated and c.nullable
                        and c.data_type not in ("text", "blob", "json", "longtext", "geometry", "point"))
    if column is None:
        return None
    return f"ALTER COLUMN `{column.name}` {session.random.choice(['DROP DEFAULT', 'SET DEFAULT NULL'])}"


def add_point(session, table, touched):
    """MySQL has no points in tables with partitions."""
    name = None if table.partitions else _new(session, table, touched, "p")
    return f"ADD COLUMN `{name}` {session.random.choice(['POINT', 'GEOMETRY'])} NULL" if name and len(table.columns) < 18 else None


def add_of_theirs(session, table, touched):
    """Types that only MariaDB has."""
    name = _new(session, table, touched)
    if name is None or not (session.storm.server.kind.is_mariadb and session.storm.target.kind.is_mariadb):
        return None
    return f"ADD COLUMN `{name}` {session.random.choice(['UUID', 'INET6'])} NULL"


PARTS = [add_with_expression, add_with_expression, add_list, replace_column, swap_names, drop_key_column, other_primary, retype_key,
         retype_key, other_null, add_generated, drop_generated, add_odd_index, add_odd_index, rename_index, set_option, other_default,
         add_point, add_of_theirs]


# Statements: session -> texts.

def make_again(session):
    """CREATE TABLE for a name that is taken."""
    table = session.any_table()
    if table is None or table.name == "big":
        return []
    other = session.any_table()
    text = session.storm.new_table(table.quoted)
    if session.storm.server.kind.is_mariadb and session.random.random() < 0.6:
        head = "CREATE OR REPLACE TABLE"
        return [session.random.choice([text.replace("CREATE TABLE", head), f"{head} {table.quoted} LIKE {other.quoted}"])]
    head = "CREATE TABLE IF NOT EXISTS"
    return [session.random.choice([text.replace("CREATE TABLE", head), f"{head} {table.quoted} LIKE {other.quoted}",
                                   f"{head} {table.quoted} SELECT * FROM {other.quoted} LIMIT 3"])]


def drop_missing(session):
    table = session.any_table()
    if table is None or table.name == "big" or len(session.storm.tables) < 5:
        return []
    missing = f"`{table.schema}`.`missing`"
    return [session.random.choice([f"DROP TABLE IF EXISTS {missing}", f"DROP TABLE IF EXISTS {missing}, {table.quoted}"])]


def replace_schema(session):
    """A schema goes with all its tables, and comes back with others."""
    if len(session.storm.schemas) < 2:
        return []
    schema = session.storm.schemas[-1]
    texts = [f"DROP DATABASE `{schema}`", f"CREATE DATABASE `{schema}` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"]
    for _ in range(2):
        texts.append(session.storm.new_table(f"`{schema}`.`{session.storm.new_name()}`"))
    return texts


def check(session):
    table = session.any_table()
    column = table and _of(session, [c for c in table.columns if c.is_integer and not c.is_generated])
    if not column or not _is_new(session):
        return []
    return [f"ALTER TABLE {table.quoted} ADD CONSTRAINT `chk` CHECK (`{column.name}` <> 33)",
            f"ALTER TABLE {table.quoted} DROP CONSTRAINT `chk`"]


def order(session):
    table = session.any_table()
    if table is None or table.name == "big":
        return []
    names = session.random.sample([c.name for c in table.columns], min(2, len(table.columns)))
    part = ", ".join(f"`{n}` DESC" for n in names)
    return [f"ALTER TABLE {table.quoted} ORDER BY {part}"]


def trigger(session):
    """Rows that come by triggers are in the binlog, the triggers are not in the target; one of them stands for a while."""
    table, other = session.any_table(), session.any_table()
    if table is None or table.schema != other.schema:
        return []
    name = f"`{table.schema}`.`trg`"
    column = _of(session, [c for c in other.writable if c.is_integer])
    if column is None or any(c.data_type == "point" for c in other.columns) or session.random.random() < 0.4:
        return [f"DROP TRIGGER IF EXISTS {name}"]
    moment, event = session.random.choice([("BEFORE", "UPDATE"), ("AFTER", "INSERT"), ("AFTER", "DELETE")])
    does = session.random.choice([f"INSERT IGNORE INTO {other.quoted} (`{column.name}`) VALUES (RAND() * 60)",
                                  f"DELETE FROM {other.quoted} WHERE `{column.name}` = FLOOR(RAND() * 40)",
                                  f"UPDATE IGNORE {other.quoted} SET `{column.name}` = `{column.name}` + 1 LIMIT 2"])
    return [f"DROP TRIGGER IF EXISTS {name}",
            f"CREATE TRIGGER {name} {moment} {event} ON {table.quoted} FOR EACH ROW BEGIN "
            f"DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END; {does}; END"]


def view(session):
    table = session.any_table()
    column = table and _of(session, [c for c in table.writable if c.nullable])
    if not column:
        return []
    name = f"`{table.schema}`.`view`"
    return [f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM {table.quoted}", f"UPDATE {name} SET `{column.name}` = NULL LIMIT 3",
            f"DROP VIEW {name}"]


def sequence(session):
    if not session.storm.server.kind.is_mariadb:
        return []
    name = f"`{session.storm.schemas[0]}`.`seq`"
    return [f"CREATE SEQUENCE {name}", f"SELECT NEXTVAL({name})", f"ALTER SEQUENCE {name} RESTART 50", f"SELECT NEXTVAL({name})",
            f"DROP SEQUENCE {name}"]


def other_partitioning(session):
    """A table gets partitions, others than it had, or none."""
    table = session.any_table()
    if table is None or table.name == "big" or any(c.data_type in ("point", "geometry") for c in table.columns):
        return []
    if table.partitions and session.random.random() < 0.4:
        return [f"ALTER TABLE {table.quoted} REMOVE PARTITIONING"]
    return [f"ALTER TABLE {table.quoted} PARTITION BY {partitioning(session.random)}"]


def care_for_partitions(session):
    table = _of(session, [t for t in session.storm.tables.values() if t.partitions])
    if table is None:
        return [create_partitioned(session.random, session.new_quoted())]
    some = ", ".join(f"`{p}`" for p in session.random.sample(table.partitions, min(2, len(table.partitions))))
    return [f"ALTER TABLE {table.quoted} " + session.random.choice([
        f"REBUILD PARTITION {some}", f"ANALYZE PARTITION {some}", "CHECK PARTITION ALL", f"OPTIMIZE PARTITION {some}",
        f"TRUNCATE PARTITION {some}", "TRUNCATE PARTITION ALL"])]


def join_partitions(session):
    """Two neighbours become one."""
    table = _of(session, [t for t in session.storm.tables.values()
                          if t.partitioning in ("RANGE", "LIST") and len(t.partitions) > 2])
    if table is None:
        return []
    number = max(int(p[1:]) for p in table.partitions) + 1
    if table.partitioning == "LIST":
        values = ", ".join(str(v) for v in LIST_VALUES)
        names = ", ".join(f"`{p}`" for p in table.partitions)
        return [f"ALTER TABLE {table.quoted} REORGANIZE PARTITION {names} INTO (PARTITION p{number} VALUES IN ({values}), "
                f"PARTITION p{number + 1} VALUES IN (70), PARTITION p{number + 2} VALUES IN (NULL))"]
    return [f"ALTER TABLE {table.quoted} REORGANIZE PARTITION `{table.partitions[-2]}`, `{table.partitions[-1]}` INTO "
            f"(PARTITION p{number} VALUES LESS THAN MAXVALUE)"]


def partition_and_table(session):
    """MariaDB makes a table of a partition, and puts it back."""
    table = _of(session, [t for t in session.storm.tables.values()
                          if t.partitioning == "RANGE" and len(t.partitions) > 2])
    if table is None or not (session.storm.server.kind.is_mariadb and session.storm.target.kind.is_mariadb):
        return []
    apart, last = session.new_quoted(), table.partitions[-1]
    texts = [f"ALTER TABLE {table.quoted} CONVERT PARTITION `{last}` TO TABLE {apart}"]
    if session.random.random() < 0.7:
        texts.append(f"ALTER TABLE {table.quoted} CONVERT TABLE {apart} TO PARTITION `{last}` VALUES LESS THAN MAXVALUE")
    return texts


STATEMENTS = [make_again, make_again, drop_missing, replace_schema, check, order, trigger, trigger, view, sequence, other_partitioning,
              other_partitioning, care_for_partitions, join_partitions, partition_and_table]


def decorated(session, text):
    """The statement as some programs write it: behind comments, for the session's schema, with limits of time."""
    kind = session.random.random()
    if kind < 0.1:
        return session.random.choice([f"/* made by the storm */ {text}", f"-- made by the storm\n{text}", f"# storm\n {text} ;",
                                      f"/*!40101 {text} */"])
    if kind < 0.15 and session.storm.server.kind.is_mariadb and not text.startswith("SET"):
        return f"SET STATEMENT max_statement_time = 20 FOR {text}"
    return text


def in_schema(session, text):
    """The statement, without the name of one schema, and that schema."""
    schema = session.random.choice(session.storm.schemas)
    if session.random.random() < 0.7 or f"`{schema}`." not in text or " DATABASE " in text:
        return text, None
    return text.replace(f"`{schema}`.", ""), schema
