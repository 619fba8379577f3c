"""`python -m bloesem.running.web PORT`: the pages of the Django settings named in the environment, on this machine only."""

from __future__ import annotations

import logging
import sys


def main(port: int) -> None:
    import django
    import waitress
    from django.core.handlers.wsgi import WSGIHandler

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    django.setup(set_prefix=False)
    waitress.serve(WSGIHandler(), host="127.0.0.1", port=port, threads=8, ident=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
