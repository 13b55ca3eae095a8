from axialkit.course.wrapping import TIE, WIDTH, wrapped


def test_lines_are_broken_between_words() -> None:
    text = "✗ the gradients of accumulate_gradients " * 5
    lines = wrapped(text).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert " ".join(line.strip() for line in lines) == text.strip()
    assert all(line.startswith("  ") for line in lines[1:])


def test_short_lines_and_their_order_stay() -> None:
    text = "✓ one\n  Recognised: two\n\n    ■·\n    ·■"
    assert wrapped(text) == text


def test_what_is_set_in_stays_set_in() -> None:
    first, second = wrapped(f"  A hint: {'word ' * 20}").splitlines()
    assert first.startswith("  A hint: word")
    assert second.startswith("    word")


def test_tied_words_stay_together() -> None:
    text = " ".join(f"name{TIE}{number}" for number in range(1000, 1040))
    lines = wrapped(text).splitlines()
    assert len(lines) > 1
    assert all(line.strip().startswith("name 1") for line in lines)
    assert TIE not in wrapped(text)


def test_a_word_that_is_too_long_stays_whole() -> None:
    word = "/a-long-path" * 12
    assert word in wrapped(f"see {word} or not").split()
