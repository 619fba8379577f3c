"""Where a PostgreSQL database is and who connects to it; never shows the password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from bloesem.errors import StoreError

DATABASE_URL = "BLOESEM_DATABASE_URL"

_RULE = f"--store and {DATABASE_URL} have the form postgresql://user:password@host:5432/database"
_REMEDY = "correct it; special characters in the password are written as %40 and the like"


@dataclass(frozen=True, slots=True)
class Dsn:
    """A connection's address. `host` is a host name, or a socket's folder (it starts with a slash).

    `str()` and `repr()` leave the password out; `url()` has it.
    """

    host: str
    database: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    port: int = 5432
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, url: str) -> Dsn:
        """in: a `postgresql://` URL. raises: StoreError that quotes nothing of it: it may hold a password."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise StoreError("the database URL cannot be read", rule=_RULE, remedy=_REMEDY) from error
        if parts.scheme not in {"postgresql", "postgres"}:
            raise StoreError("the database URL does not start with postgresql://", rule=_RULE, remedy=_REMEDY)
        options = parse_qsl(parts.query, keep_blank_values=True)
        given = dict(options)
        host = unquote(parts.hostname or "") or given.get("host", "localhost")
        database = unquote(parts.path.removeprefix("/")) or given.get("dbname", "")
        if not database:
            raise StoreError("the database URL names no database", rule=_RULE, remedy=_REMEDY)
        try:
            port = port or int(given.get("port", "5432"))
        except ValueError as error:
            raise StoreError("the database URL's port is no number", rule=_RULE, remedy=_REMEDY) from error
        named = {"host", "port", "dbname", "user", "password"}
        return cls(
            host=host,
            database=database,
            user=unquote(parts.username) if parts.username else given.get("user"),
            password=unquote(parts.password) if parts.password else given.get("password"),
            port=port,
            options=tuple(pair for pair in options if pair[0] not in named),
        )

    def to(self, database: str | None = None, *, user: str | None = None, password: str | None = None) -> Dsn:
        """The same server, another database or login. A new user brings its own password."""
        changed = replace(self, database=database or self.database)
        return changed if user is None else replace(changed, user=user, password=password)

    def parameters(self) -> dict[str, str | int]:
        """What libpq and psycopg take as keywords; holds the password."""
        given: dict[str, str | int] = {**dict(self.options), "host": self.host, "port": self.port}
        given["dbname"] = self.database
        if self.user is not None:
            given["user"] = self.user
        if self.password is not None:
            given["password"] = self.password
        return given

    def url(self) -> str:
        """The URL with the password in it: for a child's environment, never for a person to see."""
        return self._render(self.password)

    def __str__(self) -> str:
        return self._render(None)

    def _render(self, password: str | None) -> str:
        login = quote(self.user, safe="") if self.user else ""
        if password is not None:
            login += ":" + quote(password, safe="")
        at = "@" if login else ""
        options = dict(self.options)
        if password is None:
            options = {name: value for name, value in options.items() if "pass" not in name}
        where = "" if self.host.startswith("/") else self.host
        if ":" in where:
            where = f"[{where}]"
        if self.host.startswith("/"):
            options = {"host": self.host, "port": str(self.port), **options}
        elif self.port != 5432:
            where += f":{self.port}"
        query = "?" + urlencode(options, quote_via=quote) if options else ""
        return f"postgresql://{login}{at}{where}/{quote(self.database, safe='')}{query}"


def dsn_from(environment: Mapping[str, str]) -> Dsn | None:
    """in: the process's environment. out: the address that BLOESEM_DATABASE_URL gives, None when unset."""
    url = environment.get(DATABASE_URL, "").strip()
    return Dsn.parse(url) if url else None
