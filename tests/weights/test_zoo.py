from axialkit.weights.zoo import PUBLISHED


def test_the_published_scores_are_those_of_the_authors_zoo():
    """Typed a second time, as rows of numbers."""
    rows = {
        "axial_swidernet_1_1_1": (66.1, 82.8, 66.63, 83.43, 37.18),
        "axial_swidernet_1_1_3": (67.1, 83.5, 67.63, 83.97, 40.00),
        "axial_swidernet_1_1_4.5": (68.0, 83.0, 68.53, 83.49, 39.51),
        "max_deeplab_s_backbone": (64.5, 82.2, 64.97, 82.63, 35.55),
        "max_deeplab_l_backbone": (66.3, 83.1, 66.77, 83.67, 38.09),
    }
    assert {name: tuple(score)[1:] for name, score in PUBLISHED.items()} == rows


def test_the_own_evaluator_is_always_the_higher_one():
    for score in PUBLISHED.values():
        assert 0.3 < score.pq_authors - score.pq_official < 0.7
        assert 0.3 < score.miou_authors - score.miou_official < 0.7
