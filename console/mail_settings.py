"""Settings of e-mail: it goes to a server, or into a folder that the local stack shows; with neither, none is sent."""

from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

from console.environment import env, is_positive, read


@dataclass(frozen=True)
class MailSettings:
    """What Django's e-mail backends want to know."""

    backend: str
    host: str
    port: int
    user: str
    password: str
    use_tls: bool
    use_ssl: bool
    folder: str
    sender: str

    @property
    def login(self) -> tuple[str, str, bool, bool]:
        """What it takes to be let in by the server: name, password, STARTTLS, TLS from the beginning."""
        return self.user, self.password, self.use_tls, self.use_ssl

    @property
    def is_on(self) -> bool:
        """Tell whether e-mail goes anywhere."""
        return bool(self.host or self.folder)


def read_mail_settings() -> MailSettings:
    """Read them from the environment. Raises ImproperlyConfigured."""
    host, folder = read(env.str, "EMAIL_HOST", ""), read(env.str, "EMAIL_FOLDER", "")
    backend = "smtp" if host else "filebased" if folder else "dummy"
    found = MailSettings(
        backend=f"django.core.mail.backends.{backend}.EmailBackend",
        host=host,
        port=read(env.int, "EMAIL_PORT", 25, check=is_positive),
        user=read(env.str, "EMAIL_HOST_USER", ""),
        password=read(env.str, "EMAIL_HOST_PASSWORD", ""),
        use_tls=read(env.bool, "EMAIL_USE_TLS", False),
        use_ssl=read(env.bool, "EMAIL_USE_SSL", False),
        folder=folder,
        sender=read(env.str, "EMAIL_FROM", "Order console <orders@localhost>"),
    )
    if found.use_tls and found.use_ssl:
        raise ImproperlyConfigured(
            "EMAIL_USE_TLS and EMAIL_USE_SSL are both true. Servers on port 587 want the first, on port 465 the second."
        )
    return found
