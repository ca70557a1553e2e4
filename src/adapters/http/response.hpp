// Responses as bytes.
#pragma once

#include <string>

#include "adapters/http/server.hpp"

namespace guidepost::http {

enum class Ending : std::uint8_t { kKeepAlive, kClose };
enum class BodySent : std::uint8_t { kYes, kNo };

std::string_view reason_phrase(int status);
/// Head and body. `BodySent::kNo` for HEAD: the length is told, the body left out.
std::string serialize(const Response& response, Ending ending, BodySent body);

}  // namespace guidepost::http
