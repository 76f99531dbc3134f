from edgepi.web.throttle import LONGEST_WAIT_S, MOST_ADDRESSES, Throttle


def test_five_tries_are_free_then_each_doubles_the_wait() -> None:
    throttle = Throttle()
    waits = []
    for _ in range(8):
        throttle.failed("a", 0.0)
        waits.append(throttle.wait_s("a", 0.0))
    assert waits == [0, 0, 0, 0, 0, 2, 4, 8]
    assert throttle.wait_s("a", 8.0) == 0
    assert throttle.wait_s("b", 0.0) == 0


def test_the_wait_has_an_end() -> None:
    throttle = Throttle()
    for _ in range(5000):
        throttle.failed("a", 0.0)
    assert throttle.wait_s("a", 0.0) == LONGEST_WAIT_S


def test_success_forgives() -> None:
    throttle = Throttle()
    for _ in range(9):
        throttle.failed("a", 0.0)
    throttle.succeeded("a")
    assert throttle.wait_s("a", 0.0) == 0


def test_memory_is_bounded() -> None:
    throttle = Throttle()
    for number in range(MOST_ADDRESSES * 3):
        throttle.failed(str(number), 0.0)
    assert len(throttle._failures) == MOST_ADDRESSES
