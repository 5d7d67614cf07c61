#!/bin/sh
# Plays `shakedown serve` by the script that lies beside the link it is called by. A fresh executable would now and then
# be "text file busy": a child of another test that is just being started still holds it open for writing.
. "$0.script"
