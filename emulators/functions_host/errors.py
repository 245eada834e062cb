"""The errors of a local host that its user can mend."""


class IndexingError(Exception):
    """The app cannot be loaded: the message is what Azure would log when it indexes the app."""


class SettingsError(Exception):
    """The app's configuration cannot work; the message says what to change."""
