"""The storm: real servers, real faults, clients that know nothing but the wire contract, and a checker.

    answers    what a model has to say to a question: known to the endpoint and to the checker alike
    models     the endpoint that says it, at a pace of its own, and its faults
    proxy      deals connections out to the workers, and does to them what networks do
    process    one `parley serve`, which can be killed, frozen and ended
    house      what serves: the processes, their database and what they share
    line       one socket, strict about what comes on it
    device     a login session that is shared by tabs, and its tokens
    tab        follows, comes back, and knows what a page would show
    acts       what people do
    faults     what happens to the house
    ledger     what was asked, promised and seen; and what was wrong
    stored     what the database holds
    checker    compares them
    storm      all of it, for some minutes
    report     the table

`scripts/chaos` runs it for as long as one likes, `test_chaos.py` for some seconds.
"""
