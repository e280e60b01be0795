#!/bin/sh
# Called by mmdebstrap with the folder of the finished tree.
set -eu
tree=$1
# Excluding these at install time costs a filter process per package: removing them afterwards is twelve seconds faster.
for folder in doc man locale info; do
  rm -rf "$tree/usr/share/$folder"/*
  echo "path-exclude=/usr/share/$folder/*" >>"$tree/etc/dpkg/dpkg.cfg.d/no-documentation"
done
rm -rf "$tree"/var/log/*.log "$tree/var/log/apt" "$tree"/var/cache/apt/*.bin
echo force-unsafe-io >"$tree/etc/dpkg/dpkg.cfg.d/unsafe-io"
# A package's install script must not start its daemon inside an image.
printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
chmod 755 "$tree/usr/sbin/policy-rc.d"
cat >"$tree/etc/apt/apt.conf.d/99image" <<C
Acquire::Check-Valid-Until "false"; Acquire::Check-Date "false"; // the archive may be an older snapshot
Acquire::Languages "none"; Acquire::GzipIndexes "true";
APT::Install-Recommends "false";
Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };
C
# What this machine trusts its images trust too, or npm inside a build fails where a private CA stands in front.
if ls "$CERTIFICATES"/*.crt >/dev/null 2>&1; then
  cp "$CERTIFICATES"/*.crt "$tree/usr/local/share/ca-certificates/"
  chroot "$tree" update-ca-certificates >/dev/null 2>&1
fi
