"""The balance: what a run's report must prove before anything is published."""

from schemas.report import Balance, Report


class UnbalancedError(Exception):
    """Entries were lost or doubled inside the run; nothing is published."""


def require_balance(report: Report, *, feeds_listed: int, carried_in: int) -> Balance:
    """The balance of a report, if it holds.

    Raises:
        UnbalancedError: an entry or a feed has no outcome, or more than one; the message gives the numbers.
    """
    balance = Balance.of(report)
    if balance.carried_in != carried_in:
        raise UnbalancedError(f"{carried_in} entries were carried in, the run saw {balance.carried_in}")
    seen = int(report.group("feeds").get("listed", 0))
    if seen != feeds_listed:
        raise UnbalancedError(f"{feeds_listed} feeds are listed, the run told of {seen}")
    if not balance.holds:
        raise UnbalancedError(
            f"{balance.listed} entries listed + {balance.carried_in} carried in are not {balance.known} known + "
            f"{balance.duplicates} duplicates + {balance.articles} articles + {balance.dead_letters} dead letters "
            f"+ {balance.carried_out} carried out"
        )
    return balance
