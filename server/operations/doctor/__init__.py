"""Whether Parley can run here, in plain words: ``parley doctor``.

    examine      all checks side by side, each within its time
    findings     what a check says
    configured   the settings
    database     SQLite or MySQL
    redis        if it is set
    models       the endpoints of models
    machine      the data folder and the system

A check is a plain function of the settings. It changes nothing, and says no secret.
"""
