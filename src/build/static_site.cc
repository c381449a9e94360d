#include "build/recipe.h"

namespace sluice::build {
namespace {

// Dotfiles are not served, but for what RFC 8615 puts there; nor is what is meant for Sluice. A page named after a
// status (404.html) is shown for it. No listing of folders.
constexpr const char* kServer = R"conf(exec lighttpd -D -f - <<'END'
server.bind = "127.0.0.1"
server.port = env.PORT
server.document-root = env.SITE
server.errorfile-prefix = env.SITE + "/"
server.tag = ""
server.modules = ("mod_access")
server.follow-symlink = "enable"
index-file.names = ("index.html")
$HTTP["url"] =~ "(^|/)\.(?!well-known/)" { url.access-deny = ("") }
$HTTP["url"] =~ "^/(sluice\.toml|Procfile)$" { url.access-deny = ("") }
mimetype.assign = (
".html" => "text/html; charset=utf-8", ".htm" => "text/html; charset=utf-8",
".css" => "text/css; charset=utf-8", ".js" => "text/javascript; charset=utf-8", ".mjs" => "text/javascript; charset=utf-8",
".json" => "application/json", ".map" => "application/json", ".webmanifest" => "application/manifest+json",
".txt" => "text/plain; charset=utf-8", ".md" => "text/markdown; charset=utf-8", ".csv" => "text/csv; charset=utf-8",
".xml" => "application/xml", ".rss" => "application/rss+xml", ".atom" => "application/atom+xml",
".svg" => "image/svg+xml", ".png" => "image/png", ".jpg" => "image/jpeg", ".jpeg" => "image/jpeg",
".gif" => "image/gif", ".webp" => "image/webp", ".avif" => "image/avif", ".ico" => "image/x-icon",
".woff" => "font/woff", ".woff2" => "font/woff2", ".ttf" => "font/ttf", ".otf" => "font/otf",
".mp3" => "audio/mpeg", ".ogg" => "audio/ogg", ".wav" => "audio/wav",
".mp4" => "video/mp4", ".webm" => "video/webm", ".pdf" => "application/pdf", ".wasm" => "application/wasm",
".zip" => "application/zip", ".tar.gz" => "application/gzip", ".gz" => "application/gzip",
"" => "application/octet-stream")
END
)conf";

}  // namespace

std::string serve_files(const std::vector<std::string>& folders) {
  std::string list;
  for (const std::string& folder : folders) list += " " + shell_word(folder == "." ? "/app" : "/app/" + folder);
  if (folders.size() == 1) return "export SITE=" + list.substr(1) + "\n" + kServer;
  return "for SITE in" + list +
         "; do [ -f \"$SITE/index.html\" ] && break; done\n"
         "[ -f \"$SITE/index.html\" ] || { echo \"no index.html in any of" +
         list + "\" >&2; exit 1; }\nexport SITE\n" + kServer;
}

Result<std::optional<Recipe>> static_recipe(const Tree& tree) {
  if (!tree.has("index.html")) return std::optional<Recipe>();
  Recipe recipe;
  recipe.found = "index.html";
  recipe.run = serve_files({"."});
  recipe.run_tools = {"lighttpd"};
  return std::optional<Recipe>(std::move(recipe));
}

}  // namespace sluice::build
