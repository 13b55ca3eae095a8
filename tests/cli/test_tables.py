from axialkit.cli.tables import table

ROWS = [["tiny", 0.41, 56.25], ["axial_swidernet_1_1_1", 137.8, None]]
HEADER = ["preset", "millions", "PQ"]


def test_columns_line_up_and_numbers_stand_right():
    lines = table(HEADER, ROWS, width=80).splitlines()
    assert lines[0] == "preset                 millions    PQ"
    assert lines[2] == "tiny                        0.4  56.2"
    assert lines[3] == "axial_swidernet_1_1_1     137.8     -"


def test_a_narrow_terminal_gets_one_block_per_row():
    text = table(HEADER, ROWS, width=30)
    assert max(len(line) for line in text.splitlines()) <= 33
    assert text.splitlines()[:3] == ["preset    tiny", "millions  0.4", "PQ        56.2"]
    assert text.count("\n\n") == 1


def test_the_width_comes_from_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    assert "preset    tiny" in table(HEADER, ROWS)
    monkeypatch.setenv("COLUMNS", "120")
    assert "preset    tiny" not in table(HEADER, ROWS)


def test_a_table_without_rows_is_its_header():
    assert table(["a", "b"], [], width=80).splitlines() == ["a  b", "-  -"]
