# The rooms and which way they lean (docs/architecture.md). Nothing points back up.
sluice_room(base      src/base      LIBS Boost::json fmt::fmt OpenSSL::Crypto Threads::Threads)
target_link_libraries(base PRIVATE date::date-tz)
sluice_room(pipeline  src/pipeline  ON base)
sluice_room(logs      src/logs      ON base LIBS PkgConfig::ZSTD)
sluice_room(store     src/store     ON pipeline LIBS SQLiteCpp PkgConfig::SQLITE)
sluice_room(metrics   src/metrics   ON store)
sluice_room(secrets   src/secrets   ON store LIBS PkgConfig::SODIUM)
sluice_room(identity  src/identity  ON store LIBS PkgConfig::SODIUM)
sluice_room(source    src/source    ON pipeline)
sluice_room(cgroup    src/cgroup    ON base)
sluice_room(sandbox   src/sandbox   ON cgroup LIBS PkgConfig::SECCOMP)
sluice_room(supervise src/supervise ONE_BY_ONE ON base LIBS s6 skarnet)
sluice_room(gateway   src/gateway   ON base)
sluice_room(postgres  src/postgres  ON base)
sluice_room(acme      src/acme      ON base)
sluice_room(build     src/build     ON source logs sandbox LIBS tomlplusplus::tomlplusplus)
sluice_room(platform  src/platform  ON build)
sluice_room(platform_local src/platform/local ONE_BY_ONE ON platform gateway supervise sandbox postgres)
sluice_room(conductor src/conductor ON platform store secrets LIBS spdlog::spdlog)
sluice_room(doctor    src/doctor    ON identity sandbox supervise gateway postgres acme)
sluice_room(http      src/http      ON base LIBS Boost::headers Boost::url OpenSSL::SSL ${CMAKE_DL_LIBS})
sluice_room(api       src/api       ON conductor identity doctor metrics http LIBS spdlog::spdlog)
sluice_room(cli       src/cli       ON http)
sluice_room(dashboard src/dashboard ON http)

# Fuzzers of what comes from outside (script/fuzz).
sluice_fuzz(detect_fuzz src/build
  build/detect.cc build/languages.cc build/node.cc build/procfile.cc build/python.cc build/sluice_toml.cc
  build/static_site.cc build/tree.cc base/files.cc base/size.cc base/time.cc base/utf8.cc LIBS Boost::json fmt::fmt tomlplusplus::tomlplusplus)
sluice_fuzz(sideband_fuzz src/source source/sideband.cc)
sluice_fuzz(url_fuzz src/postgres postgres/url.cc base/utf8.cc)
sluice_fuzz(target_fuzz src/http http/head.cc http/message.cc http/target.cc base/utf8.cc LIBS Boost::json Boost::headers)

include(cmake/embed.cmake)
include(cmake/dashboard.cmake)
sluice_embed(api src/api/openapi.json sluice::api::openapi_document)
sluice_embed(gateway src/gateway/hold.lua sluice::gateway::hold_script)

file(GLOB app_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/app/*.cc)
if(app_sources)
  add_executable(sluice ${app_sources})
  target_link_libraries(sluice PRIVATE api cli dashboard platform_local spdlog::spdlog)
  sluice_dashboard(sluice)
  target_compile_definitions(sluice PRIVATE SLUICE_VERSION="${PROJECT_VERSION}")
  set_target_properties(sluice PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endif()

file(GLOB sim_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/sim/*.cc)
if(sim_sources)
  add_executable(sim ${sim_sources})
  target_link_libraries(sim PRIVATE conductor)
endif()

# What bench/gateway measures.
add_executable(gateway_stand EXCLUDE_FROM_ALL bench/gateway_stand.cc)
target_link_libraries(gateway_stand PRIVATE gateway)

# What tests/chaos asks at its end.
add_executable(check_store EXCLUDE_FROM_ALL tests/chaos/check_store.cc)
target_link_libraries(check_store PRIVATE store)
set_target_properties(check_store PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
