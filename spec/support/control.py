#!/usr/bin/env python3
"""A host's control socket and nothing else, for specs of the commands that speak to one.

usage: control.py FOLDER ANSWER [DELAY]
Prints `ready`, then gives each client the text ANSWER after its line, DELAY seconds later, and ends the
connection. What was asked is added to FOLDER/asked.
"""
import os
import socket
import sys
import time

folder, answer = sys.argv[1:3]
delay = float(sys.argv[3]) if len(sys.argv) > 3 else 0
os.makedirs(folder, exist_ok=True)
here = os.getcwd()
os.chdir(folder)  # a socket's path is short
if os.path.exists("control.sock"):
    os.unlink("control.sock")
server = socket.socket(socket.AF_UNIX)
server.bind("control.sock")
os.chdir(here)
server.listen(8)
print("ready", flush=True)
while True:
    client, _ = server.accept()
    with client:
        line = client.makefile("rb").readline()
        with open(os.path.join(folder, "asked"), "ab") as asked:
            asked.write(line)
        time.sleep(delay)
        client.sendall(answer.encode())
