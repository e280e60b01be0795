# Runs in mount and process namespaces of its own (see make-bases.sh): FOLDER/sources.list and FOLDER/certificates -> FOLDER/debian.tar
set -euo pipefail
folder=$1
mkdir -p "$folder/ram"
mount -t tmpfs -o size=1500m,mode=1777 tmpfs "$folder/ram" # unpacking on a disk takes ten seconds more
export CERTIFICATES=$folder/certificates TMPDIR=$folder/ram
mmdebstrap --quiet --variant=apt --include=ca-certificates \
  --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Check-Valid-Until "false"' \
  --customize-hook="$(dirname "$0")/customize.sh"' "$1"' bookworm "$folder/debian.tar" "$folder/sources.list"
