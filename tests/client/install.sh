#!/bin/sh
# Installs libhbus into an empty prefix and builds the examples from nothing but what lies there: with pkg-config against the
# shared library, with the static one, and through the CMake package. Arguments: the build directory, the source directory.
set -eu
build=$1
source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/prefix" --component libhbus > /dev/null
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name hbus.pc)")
export PKG_CONFIG_PATH
library=$(dirname "$(find "$work/prefix" -name libhbus.a)")
sanitize=${HBUS_SANITIZE:+-fsanitize=$HBUS_SANITIZE}

for example in market_maker risk_manager; do
  # shellcheck disable=SC2046,SC2086
  ${CC:-cc} -std=gnu17 -Wall -Wextra -Werror $sanitize -o "$work/$example" "$source/client/examples/$example.c" \
    $(pkg-config --cflags --libs hbus)
  # shellcheck disable=SC2046,SC2086
  ${CC:-cc} -std=gnu17 $sanitize -o "$work/$example-static" "$source/client/examples/$example.c" \
    $(pkg-config --cflags hbus) "$library/libhbus.a" $(pkg-config --libs libzmq msgpack libcrypto)
done

# expect STATUS SENTENCE COMMAND...: ends with that status and says that.
expect() {
  expected=$1
  sentence=$2
  shift 2
  status=0
  "$@" 2> "$work/said" || status=$?
  if [ "$status" -ne "$expected" ] || ! grep -q "$sentence" "$work/said"; then
    echo "$*: exit status $status"
    cat "$work/said"
    exit 1
  fi
}

# They run: one finds nobody, the other says how to use it.
expect 3 'no broker at' env "LD_LIBRARY_PATH=$library" HBUS_COMMANDS=ipc://@hbus-test-nobody "$work/market_maker" a b
expect 2 'usage: market_maker' "$work/market_maker-static"

# Nothing but hbus_ names leaves the libraries.
if nm -D --defined-only "$library/libhbus.so.0" | grep -v ' hbus_' | grep -vE ' (__|_)' ; then exit 1; fi
if nm -g --defined-only "$library/libhbus.a" | grep ' [A-Z] ' | grep -v ' hbus_'; then exit 1; fi

mkdir "$work/project"
cat > "$work/project/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.25)
project(uses_hbus C)
find_package(hbus 0.1 REQUIRED)
add_executable(shared $source/client/examples/risk_manager.c)
target_compile_options(shared PRIVATE -std=gnu17 $sanitize)
target_link_options(shared PRIVATE $sanitize)
target_link_libraries(shared hbus::hbus)
add_executable(static $source/client/examples/risk_manager.c)
target_compile_options(static PRIVATE -std=gnu17 $sanitize)
target_link_options(static PRIVATE $sanitize)
target_link_libraries(static hbus::hbus_static)
END
cmake -G Ninja -S "$work/project" -B "$work/project/build" -DCMAKE_PREFIX_PATH="$work/prefix" > /dev/null
cmake --build "$work/project/build" > /dev/null
expect 2 'usage: risk_manager' "$work/project/build/shared"
expect 2 'usage: risk_manager' "$work/project/build/static"
