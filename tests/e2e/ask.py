"""What asks servers for the tests, made once: to make a client takes the processor as long as many requests."""

from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

CLIENT = httpx.Client(
    trust_env=False,
    timeout=60,
    cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    limits=httpx.Limits(max_keepalive_connections=0),
)
"""Keeps nothing between two requests: no cookie for another desk, no connection that holds up one that stops."""
