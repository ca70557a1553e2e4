# The Debian package: what is installed where, and cpack's settings. deploy/debian/build runs it.
include(GNUInstallDirs)
# cpack takes the program that is there; it does not build the tests for it.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
set(_systemd "${CMAKE_SOURCE_DIR}/deploy/systemd")
set(_debian "${CMAKE_SOURCE_DIR}/deploy/debian")
set(_doc "share/doc/guidepost")

install(TARGETS guidepost RUNTIME DESTINATION bin)
file(GLOB _units "${_systemd}/*.service" "${_systemd}/*.timer" "${_systemd}/*.target")
install(FILES ${_units} DESTINATION lib/systemd/system)
install(DIRECTORY "${_systemd}/guidepost-.service.d" DESTINATION lib/systemd/system)
install(FILES "${_systemd}/sysusers.conf" DESTINATION lib/sysusers.d RENAME guidepost.conf)
install(FILES "${_systemd}/tmpfiles.conf" DESTINATION lib/tmpfiles.d RENAME guidepost.conf)
install(FILES "${_debian}/guidepost.toml" DESTINATION /etc/guidepost)

file(GLOB _documents "${CMAKE_SOURCE_DIR}/docs/*.md" "${CMAKE_SOURCE_DIR}/docs/*.yaml")
install(FILES ${_documents} "${CMAKE_SOURCE_DIR}/CHANGELOG.md" "${_debian}/copyright" DESTINATION ${_doc})
install(FILES "${CMAKE_SOURCE_DIR}/config/cluster.toml" "${CMAKE_SOURCE_DIR}/deploy/prometheus/rules.yml"
  "${CMAKE_SOURCE_DIR}/deploy/grafana/guidepost.json" DESTINATION ${_doc}/examples)
# What a cluster is saved with (docs/backup.md).
install(PROGRAMS "${CMAKE_SOURCE_DIR}/deploy/cluster/backup" "${CMAKE_SOURCE_DIR}/deploy/cluster/restore"
  DESTINATION share/guidepost/cluster)
# Of what is a part of the program; Debian's libraries bring their own.
install(FILES "${GUIDEPOST_CACHE}/librdkafka-2.8.0-2/LICENSES.txt" DESTINATION ${_doc}/licences RENAME librdkafka)
install(FILES "${GUIDEPOST_CACHE}/datasketches-4.1.0/LICENSE" DESTINATION ${_doc}/licences RENAME datasketches)
install(FILES "${GUIDEPOST_CACHE}/datasketches-4.1.0/NOTICE" DESTINATION ${_doc}/licences RENAME datasketches-notice)
install(FILES "${GUIDEPOST_CACHE}/uap-core-0.18.0/LICENSE" DESTINATION ${_doc}/licences RENAME uap-core)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME guidepost)
set(CPACK_PACKAGE_CONTACT "Guidepost <guidepost@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "clickstreams into business numbers that stay right")
set(CPACK_PACKAGE_DESCRIPTION
  "Validates and stores the events of websites, finds out which customer a
device belongs to, and keeps time-series rollups per merchant. On Kafka and
HBase, or on embedded stores of one machine. With a systemd unit for each
role; none is started by itself.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR OFF)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# What no library asks for: time zones, certificates.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "tzdata, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS systemd)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  "${_debian}/postinst" "${_debian}/prerm" "${_debian}/postrm" "${_debian}/conffiles")
include(CPack)
