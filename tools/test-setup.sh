#!/usr/bin/env bash
# Chromium, its fonts and PostgreSQL for the tests: installed by apt where we are root, asked for otherwise
set -eu
need=()
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || need+=(chromium)
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || need+=(postgresql)
fc-list 2>/dev/null | grep -qiE 'noto.*cjk|wqy|source han' || need+=(fontconfig fonts-noto-cjk)
[ ${#need[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing ${need[*]} …"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq "${need[@]}" >/dev/null
else
  echo "The tests need: ${need[*]}. Install them (on Debian: apt-get install ${need[*]}) and run again." >&2
  exit 1
fi
