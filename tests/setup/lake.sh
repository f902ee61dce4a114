#!/usr/bin/env bash
# What tests/lake needs: Athena's engine (Trino 476 on a Java of PyPI), Hive's own grammar, which Athena's DDL is written in,
# and a Python environment with Glue and S3 (moto), DuckDB, Spark (on the system's Java), Polars, pandas, DataFusion and pyarrow.
# Prints the folder that holds all of it:
#   venv/bin/python   the environment          trino-476/   the engine, hive plugin only          hive/*.jar   the grammar
# Installs: $SEALOG_TOOLS/lake (about 2 GB, four minutes). Warm: instant.
set -euo pipefail
# shellcheck source=tests/setup/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
requirements="$(dirname "${BASH_SOURCE[0]}")/lake-requirements.txt"

TRINO=476
MAVEN=org.apache.maven.plugins:maven-dependency-plugin:3.6.1
home="$SEALOG_TOOLS/lake"
lock lake
mkdir -p "$home"

want="$({ python3 -c 'import sys; print(sys.version, sys.base_prefix)'; cat "$requirements"; } | sha256sum | cut -d' ' -f1)"
if [ ! -x "$home/venv/bin/python" ] || [ "$(cat "$home/venv/.stamp" 2>/dev/null)" != "$want" ]; then
  say "python packages for the lake's readers into $home/venv …"
  rm -rf "$home/venv"
  python3 -m venv "$home/venv" || die "python3 -m venv failed" "run: apt-get install -y python3-venv"
  "$home/venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" >&2 ||
    die "pip could not install $requirements" "check that PyPI (or your mirror, PIP_INDEX_URL) can be reached, then run make again"
  printf '%s\n' "$want" >"$home/venv/.stamp"
fi

maven() {
  command -v mvn >/dev/null || apt_install maven
  mvn -q -B -Dmaven.repo.local="$home/m2" "$@" >&2 ||
    die "Maven could not fetch ${*: -1}" "check that Maven Central (or your mirror in ~/.m2/settings.xml) can be reached, then run make again"
}

if [ ! -f "$home/trino-$TRINO/.complete" ]; then
  say "Trino $TRINO into $home (once) …"
  rm -rf "$home/trino-$TRINO" "$home/unpack"
  mkdir -p "$home/unpack" "$home/trino-$TRINO/plugin"
  maven "$MAVEN:get" -Dtransitive=false "-Dartifact=io.trino:trino-server:$TRINO:tar.gz"
  # All of it: plugins share jars through hard links.
  tar xzf "$home/m2/io/trino/trino-server/$TRINO/trino-server-$TRINO.tar.gz" -C "$home/unpack"
  cp -al "$home/unpack/trino-server-$TRINO/lib" "$home/trino-$TRINO/"
  cp -al "$home/unpack/trino-server-$TRINO/plugin/hive" "$home/trino-$TRINO/plugin/"
  # Legacy HDFS and a cache that nobody uses here.
  rm -rf "$home/unpack" "$home/trino-$TRINO/plugin/hive/hdfs" "$home/trino-$TRINO"/plugin/hive/org.rocksdb_*.jar \
    "$home/m2/io/trino"
  touch "$home/trino-$TRINO/.complete"
fi

# Hive's grammar is asked by a program in source; Spark runs on the same Java, 17 or later.
command -v javac >/dev/null || apt_install default-jdk-headless
for artifact in org.apache.hive:hive-exec:2.3.10:jar:core org.antlr:antlr-runtime:3.5.2:jar org.slf4j:slf4j-api:2.0.17:jar; do
  name="$(cut -d: -f2 <<<"$artifact")"
  compgen -G "$home/hive/$name-*.jar" >/dev/null ||
    maven "$MAVEN:copy" "-DoutputDirectory=$home/hive" "-Dartifact=$artifact"
done
printf '%s\n' "$home"
