"""The host gate: turns one at a time, pauses, closing, on a clock of the test's own."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.http.errors import Deferred
from transforms.http.host_gate import HostGate


class Clock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self):
        self.now = 1000.0
        self.slept = []

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def gate_of(clock, **options):
    return HostGate(
        **{
            "delay": 1.0,
            "longest_wait": 100.0,
            "max_failures": 3,
            "max_retries": 2,
            "clock": clock,
            "sleep": clock.sleep,
            **options,
        }
    )


def test_the_pause_counts_from_the_end_of_the_last_turn():
    """The next turn comes a delay after the end of the last one, however long that took."""

    async def scenario():
        clock = Clock()
        gate = gate_of(clock)
        async with gate.turn("a"):
            clock.now += 10
        async with gate.turn("a"):
            assert 1011 <= clock.now <= 1011.02, (
                "the delay, and the little that a busy host's log may be late"
            )
        came = clock.now
        async with gate.turn("b"):
            assert clock.now == came

    asyncio.run(scenario())


def test_never_two_turns_at_once():
    """Turns of one host don't overlap; those of others do."""

    async def scenario():
        gate = gate_of(Clock(), delay=0.0)
        held = {"a": 0, "b": 0}
        most_together = 0

        async def work(host):
            nonlocal most_together
            async with gate.turn(host):
                held[host] += 1
                assert held[host] == 1
                most_together = max(most_together, sum(held.values()))
                await asyncio.sleep(0)
                held[host] -= 1

        await asyncio.gather(*(work(host) for host in "ab" * 20))
        assert most_together == 2

    asyncio.run(scenario())


@settings(deadline=None)
@given(
    delay=st.floats(0, 5),
    steps=st.lists(
        st.tuples(st.floats(0, 3), st.sampled_from(["turn", "hold", "slow"]), st.floats(0, 20)), max_size=30
    ),
)
def test_the_pause_holds_whatever_happens(delay, steps):
    """Whatever is asked of the gate, no turn starts before the delay and the host's own wishes allow."""

    async def scenario():
        clock = Clock()
        gate = gate_of(clock, delay=delay)
        ended, wished, not_before = float("-inf"), delay, float("-inf")
        for passes, what, seconds in steps:
            clock.now += passes
            if what == "hold":
                gate.hold_back("a", seconds)
                not_before = max(not_before, clock.now + seconds)
            elif what == "slow":
                gate.slow_down("a", seconds)
                wished = max(delay, seconds)
            else:
                async with gate.turn("a"):
                    assert clock.now >= ended + wished - 1e-6
                    assert clock.now >= not_before - 1e-6
                    clock.now += seconds
                ended = clock.now

    asyncio.run(scenario())


def test_a_wait_beyond_the_deadline_is_not_begun():
    """A turn that comes after the deadline is refused at once; one before it is waited for."""

    async def scenario():
        clock = Clock()
        gate = gate_of(clock, delay=10.0)
        async with gate.turn("a", deadline=1000.5):
            pass
        with pytest.raises(Deferred) as caught:
            async with gate.turn("a", deadline=1009.0):
                pass
        assert clock.slept == []
        assert caught.value.retry_after is None, "the pause is ours: the host has asked for nothing"
        async with gate.turn("a", deadline=1010.5):
            assert 1010 <= clock.now <= 1010.02
        with pytest.raises(Deferred):
            async with gate.turn("b", deadline=1009.9):
                pass

    asyncio.run(scenario())


def test_a_wait_that_is_too_long_is_not_begun():
    """A host that asks for more patience than the gate has is put off, with the seconds it asked for."""

    async def scenario():
        clock = Clock()
        gate = gate_of(clock, longest_wait=60.0)
        gate.hold_back("a", 61.0)
        with pytest.raises(Deferred) as caught:
            async with gate.turn("a"):
                pass
        assert caught.value.retry_after == 61.0
        gate.hold_back("b", 59.0)
        async with gate.turn("b"):
            assert clock.now == 1059

    asyncio.run(scenario())


def test_a_host_that_keeps_failing_is_closed_until_reopened():
    """Enough failures in a row close a host; an answer in between starts the count anew; reopening lets it try."""

    async def scenario():
        gate = gate_of(Clock())
        for _ in range(2):
            gate.failed("a", "timeout")
        gate.succeeded("a")
        for _ in range(2):
            gate.failed("a", "timeout")
        async with gate.turn("a"):
            pass
        gate.failed("a", "timeout: no answer")
        with pytest.raises(Deferred, match="no answer"):
            async with gate.turn("a"):
                pass
        assert not gate.may_retry("a")
        gate.reopen()
        async with gate.turn("a"):
            pass
        async with gate.turn("b"):
            pass

    asyncio.run(scenario())


def test_retries_are_counted_per_host():
    """Each host has its own budget of retries, and a new run gives it back."""
    gate = gate_of(Clock())
    assert [gate.may_retry("a") for _ in range(3)] == [True, True, False]
    assert gate.may_retry("b")
    gate.reopen()
    assert gate.may_retry("a")


def test_halt_ends_waits_and_refuses_turns():
    """Once halt is set nobody gets a turn, and who waits for one is refused without waiting on."""

    async def scenario():
        halt = asyncio.Event()
        gate = HostGate(delay=50.0, longest_wait=100.0, max_failures=3, max_retries=2)
        async with gate.turn("a", None, halt):
            pass

        async def wait():
            with pytest.raises(Deferred):
                async with gate.turn("a", None, halt):
                    pass

        waiting = [asyncio.create_task(wait()) for _ in range(3)]
        await asyncio.sleep(0)
        halt.set()
        await asyncio.wait_for(asyncio.gather(*waiting), 5)

    asyncio.run(scenario())


def test_a_cancelled_wait_gives_the_turn_on():
    """Whoever gives up while waiting or while holding does not keep others from the host."""

    async def scenario():
        gate = HostGate(delay=0.0, longest_wait=100.0, max_failures=3, max_retries=2)
        entered = asyncio.Event()

        async def hold():
            async with gate.turn("a"):
                entered.set()
                await asyncio.sleep(60)

        async def wait():
            async with gate.turn("a"):
                pass

        holder = asyncio.create_task(hold())
        await entered.wait()
        gives_up, patient = asyncio.create_task(wait()), asyncio.create_task(wait())
        await asyncio.sleep(0)
        gives_up.cancel()
        holder.cancel()
        await asyncio.wait_for(patient, 5)

    asyncio.run(scenario())
