"""Tests of ports that stay free for a server that is restarted."""

from __future__ import annotations

import socket

from streams.local.ports import candidates, ephemeral_range, free_ports


def test_ports_are_different_free_and_never_lent_to_outgoing_connections() -> None:
    low, high = ephemeral_range()
    ports = free_ports(6)
    assert len(set(ports)) == 6
    assert not [port for port in ports if low <= port <= high]
    for port in ports:
        with socket.create_server(("127.0.0.1", port)) as server:
            assert server.getsockname() == ("127.0.0.1", port)


def test_a_port_that_a_shop_listens_on_is_not_offered() -> None:
    with socket.create_server(("127.0.0.1", free_ports(1)[0])) as shop:
        taken = shop.getsockname()[1]
        assert taken not in free_ports(200)


def test_a_system_that_lends_every_port_still_gets_some() -> None:
    assert candidates(1_024, 65_535) == list(range(10_000, 65_536))


def test_ports_on_both_sides_of_the_lent_range_are_candidates() -> None:
    assert candidates(10_002, 65_533) == [10_000, 10_001, 65_534, 65_535]
