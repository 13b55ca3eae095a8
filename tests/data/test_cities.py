from axialkit.data.cities import CITY_NAMES, city_style


def test_splits_have_cities_of_their_own():
    names = [name for cities in CITY_NAMES.values() for name in cities]
    assert len(set(names)) == len(names)
    assert {split: len(cities) for split, cities in CITY_NAMES.items()} == {
        "train": 6,
        "val": 3,
        "test": 1,
    }


def test_a_style_is_fixed_by_split_city_and_seed():
    assert city_style("train", 2, 0) == city_style("train", 8, 0)  # counted cyclically
    assert city_style("train", 2, 0) != city_style("train", 2, 1)
    styles = {
        city_style(split, i, 0) for split in CITY_NAMES for i in range(len(CITY_NAMES[split]))
    }
    assert len(styles) == 10
    assert len({style.road for style in styles}) == 10


def test_roads_are_as_wide_as_real_ones():
    for seed in range(20):
        low, high = city_style("val", 0, seed).road
        assert 2.7 <= low < high <= 4.3
