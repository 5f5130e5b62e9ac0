"""4. Change the code, and be able to take it back.

from slmigrate.migrate.plan import make_plan          what would change, as text; writes nothing
from slmigrate.migrate.apply import apply_plan        writes it, with a receipt; the only module that writes source
from slmigrate.migrate.rollback import roll_back      restores every byte
"""
