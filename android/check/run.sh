#!/usr/bin/env bash
# Checks the app without Google's repository, a phone or Gradle; README.md lists the checks. Needs a
# JDK of 17 or later, Maven, and on Debian: apt-get install aapt zipalign apksigner
# android-framework-res. With the project's .venv the check also runs the shipped networks. The exit
# status is 75 if Maven's repository cannot be reached, and 1 if the app is wrong. `run.sh fetch`
# only downloads.
set -euo pipefail
cd "$(dirname "$0")"
missing=""
for tool in mvn javac jar keytool aapt aapt2 zipalign apksigner; do
    command -v $tool > /dev/null || missing="$missing $tool"
done
[ -f /usr/share/android-framework-res/framework-res.apk ] || missing="$missing android-framework-res"
[ -z "$missing" ] || { echo "android-check: missing:$missing (android/README.md says what to install)"; exit 1; }
mkdir -p target

quietly() { # $1: name of the log; then a command
    "${@:2}" > "target/$1.log" 2>&1 && return
    tail -n 60 "target/$1.log"
    echo "android-check: $1 failed"
    grep -qE "^\[ERROR\] (COMPILATION ERROR|Tests run)" "target/$1.log" && exit 1
    grep -qE "^\[ERROR\].*(Could not|Failure to) transfer" "target/$1.log" && exit 75
    exit 1
}
maven=(mvn -B -ntp -Dmaven.wagon.http.connectionTimeout=10000 -Dmaven.wagon.rto=60000)

if [ ! -f target/fetched ] || [ fetch.xml -nt target/fetched ]; then
    quietly fetch "${maven[@]}" -f fetch.xml package
    for archive in target/aar/*.aar; do
        (cd target/aar && jar xf "../../$archive" classes.jar && mv classes.jar "$(basename "$archive" .aar).jar")
    done
    touch target/fetched
fi
[ "${1:-}" != fetch ] || exit 0
./package.sh resources
python=$(cd ../.. && pwd)/.venv/bin/python
[ -x "$python" ] || { python=""; echo "No .venv: the check does not run the shipped networks."; }
rm -rf target/classes target/test-classes target/surefire-reports target/real target/screens
quietly tests "${maven[@]}" test "-Dcheck.python=$python"
grep -hE "levels from Python's|^\[(INFO|WARNING)\] Tests run" target/tests.log
./package.sh apk
