"""Is a text borne out by what it stands on? Numbers, dates, times, names, mentions, links and quotes, looked up.

    from slmigrate.grounding.check import check

Below all steps: the agents check their models' sentences with it, `compare` counts what a model's answers make up.
"""
