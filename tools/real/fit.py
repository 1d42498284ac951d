"""scikit-learn: a grid search, its fits spread over processes by joblib (loky)."""

import argparse

from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--samples", type=int, default=2000)
    given = parser.parse_args()
    features, classes = make_classification(given.samples, random_state=1)
    grid = {"n_estimators": [20, 40, 60], "max_depth": [4, 8]}
    search = GridSearchCV(RandomForestClassifier(random_state=1), grid, n_jobs=given.jobs, cv=3)
    search.fit(features, classes)
    print(f"best {search.best_params_}, score {search.best_score_:.2f}")


if __name__ == "__main__":
    main()
