#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# answer.sh DIR HOME: tell the test in DIR what the Unix side sees, as long as it asks.
cd "$1" || exit
home=$2
profile=../users/$(id -un)/Music
while sleep 0.005; do
    [ -e request ] || continue
    read -r verb name rest <request
    rm -f request
    case $verb in
    kind)
        if [ -L "$name" ]; then answer='link'
        elif [ -d "$name" ]; then answer=directory
        elif [ -e "$name" ]; then answer='file'
        else answer=missing; fi ;;
    readlink) answer=$(readlink "$name") ;;
    cat) answer=$(cat "$name") ;;
    year) answer=$(date -d "@$(stat -c %Y "$name")" +%Y) ;;
    list) answer=$(cd "$name" && echo *) ;;
    symlink) answer=$(ln -s "$rest" "$name" 2>&1) ;;
    leftover) answer=$(ln -s x "$name/.winelink.0123456789abcdef0123456789abcdef" 2>&1) ;;
    known-folder)
        mkdir -p "$home/Music"
        rm -rf "$profile"
        answer=$(ln -s "$home/Music" "$profile" 2>&1) ;;
    known-folder-list) answer=$(cd "$home/Music" && echo *) ;;
    *) answer="what is $verb?" ;;
    esac
    printf %s "$answer" >answer.new
    mv answer.new answer
done
