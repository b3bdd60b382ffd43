"""Logs in by OAUTHBEARER with the libpq of PostgreSQL 18: libpq-oauth.py LIBRARY CONNINFO.

The token is what the environment has as TOKEN. libpq asks for it by its hook ("OAuth Client" of libpq's documentation,
PQAUTHDATA_OAUTH_BEARER_TOKEN), as it would run its own device flow. Writes the first value of the answer, or the error; in front of it what
libpq knew when it asked: the URL of the discovery document and the scope.
"""

import ctypes
import os
import sys

OAUTH_BEARER_TOKEN = 1


class BearerRequest(ctypes.Structure):
    _fields_ = [
        ("openid_configuration", ctypes.c_char_p),
        ("scope", ctypes.c_char_p),
        ("asynchronous", ctypes.c_void_p),
        ("cleanup", ctypes.c_void_p),
        ("token", ctypes.c_char_p),
        ("user", ctypes.c_void_p),
    ]


libpq = ctypes.CDLL(sys.argv[1])
for name in ("PQconnectdb", "PQexec"):
    getattr(libpq, name).restype = ctypes.c_void_p
for name in ("PQerrorMessage", "PQgetvalue", "PQresultErrorMessage"):
    getattr(libpq, name).restype = ctypes.c_char_p

TOKEN = os.environ["TOKEN"].encode()


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
def hook(kind, _connection, data):
    if kind != OAUTH_BEARER_TOKEN:
        return 0
    request = ctypes.cast(data, ctypes.POINTER(BearerRequest)).contents
    print("asked", (request.openid_configuration or b"-").decode(), (request.scope or b"-").decode())
    request.token = TOKEN
    return 1


libpq.PQsetAuthDataHook(hook)
connection = ctypes.c_void_p(libpq.PQconnectdb(sys.argv[2].encode()))
if libpq.PQstatus(connection) != 0:
    print(libpq.PQerrorMessage(connection).decode().strip())
else:
    result = ctypes.c_void_p(libpq.PQexec(connection, b"select name from things"))
    print(libpq.PQresultErrorMessage(result).decode().strip() or libpq.PQgetvalue(result, 0, 0).decode())
libpq.PQfinish(connection)
