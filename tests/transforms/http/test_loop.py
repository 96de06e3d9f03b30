"""The background loop: runs, cancels and ends; and the small parts that bound what waits."""

import asyncio
import threading

import pytest

from transforms.http.idle import IdleConnections
from transforms.http.loop import BackgroundLoop
from transforms.http.room import Room


def test_results_and_errors_come_back():
    """A coroutine's result and its error reach the thread that waits for them."""
    loop = BackgroundLoop()

    async def double(value):
        await asyncio.sleep(0)
        return 2 * value

    async def fail():
        raise KeyError("x")

    assert loop.run(double(21)) == 42
    with pytest.raises(KeyError):
        loop.run(fail())
    loop.close()


def test_closing_ends_the_thread_and_what_runs():
    """After close no thread is left, and what was running was cancelled."""
    before = threading.active_count()
    loop = BackgroundLoop()
    cancelled = threading.Event()

    async def forever():
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    future = loop.submit(forever())
    loop.run(asyncio.sleep(0))
    loop.close()
    loop.close()
    assert cancelled.is_set()
    assert future.cancelled() or future.exception()
    assert threading.active_count() == before


def test_room_lets_in_first_come_first_served_and_never_too_many():
    """No more than the bound are under way or waiting, and none is forgotten, even where one gives up."""

    async def scenario():
        room = Room(results=3, size=1 << 30)
        under_way, most, order = 0, 0, []

        async def work(number):
            nonlocal under_way, most
            await room.enter()
            order.append(number)
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1
            room.exit()

        tasks = [asyncio.create_task(work(number)) for number in range(20)]
        await asyncio.sleep(0)
        tasks[10].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert most == 3
        assert order == [number for number in range(20) if number != 10]

    asyncio.run(asyncio.wait_for(scenario(), 5))


def test_room_counts_what_waits_by_bytes():
    """Bodies that wait keep others out until they are taken; an empty room lets anything in."""

    async def scenario():
        room = Room(results=100, size=300_000)
        await room.enter()
        room.exit()
        room.arrive(250_000)
        entering = asyncio.create_task(room.enter())
        await asyncio.sleep(0)
        assert not entering.done()
        room.leave(1, 250_000)
        await asyncio.wait_for(entering, 5)

    asyncio.run(scenario())


def test_idle_connections_are_bounded():
    """Only so many hosts keep a connection; those of before have their places back after their time."""
    now = 0.0
    idle = IdleConnections(2, 15.0, clock=lambda: now)
    assert [idle.ask(host) for host in "aab"] == [(False, True), (True, True), (False, True)]
    assert idle.ask("c") == (False, False)
    now = 10.0
    assert idle.ask("a") == (True, True)
    now = 16.0
    assert idle.ask("c") == (False, True)
    assert idle.ask("a") == (True, True)
    assert idle.ask("b") == (False, False)
