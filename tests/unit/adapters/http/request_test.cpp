#include "adapters/http/request.hpp"

#include <gtest/gtest.h>

namespace guidepost::http {
namespace {

using namespace std::string_literals;

/// Status of the refusal; 0: taken.
int refused(const std::string& head, HeadLimits limits = {}) {
  const auto parsed = parse_head(head, limits);
  const auto* refusal = std::get_if<Refusal>(&parsed);
  return refusal != nullptr ? refusal->status : 0;
}

std::string get(const std::string& target, const std::string& more = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + more + "\r\n";
}
std::string post(const std::string& headers) { return "POST /v1/events HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n"; }

TEST(RequestHead, APlainRequestIsRead) {
  const auto parsed = parse_head(
      "POST /v1/events?x=1 HTTP/1.1\r\nHost: a:80\r\nContent-Length: 12\r\nContent-Type:  application/json \r\n\r\n",
      {});
  const auto& head = std::get<Head>(parsed);
  EXPECT_EQ(head.method, Method::kPost);
  EXPECT_EQ(head.path, "/v1/events");
  EXPECT_EQ(head.query, "x=1");
  EXPECT_EQ(head.content_length, 12U);
  EXPECT_EQ(head.header("content-type"), "application/json");
  EXPECT_TRUE(head.keep_alive);
}

TEST(RequestHead, WhatTwoReadersCouldFrameDifferentlyIsRefused) {
  EXPECT_EQ(refused(post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")), 400);
  EXPECT_EQ(refused(post("Content-Length: 1\r\nContent-Length: 1\r\n")), 400);
  EXPECT_EQ(refused(post("Content-Length: 1, 1\r\n")), 400);
  EXPECT_EQ(refused(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")), 400);
  for (const auto* length : {"+1", "-1", "0x1", "1 1", "", "1e3", "99999999999999999999"})
    EXPECT_EQ(refused(post("Content-Length: "s + length + "\r\n")), 400) << length;
  for (const auto* encoding : {"identity", "gzip, chunked", "Chunked", "chunked;x", "xchunked"})
    EXPECT_EQ(refused(post("Transfer-Encoding: "s + encoding + "\r\n")), 501) << encoding;
  EXPECT_EQ(refused(post("Transfer-Encoding : chunked\r\n")), 400) << "a space before the colon";
  EXPECT_EQ(refused(post("Transfer-Encoding\t: chunked\r\n")), 400);
  EXPECT_EQ(refused(post("Content-Length: 1\r\n folded\r\n")), 400);
  EXPECT_EQ(refused(post("X: a\nContent-Length: 1\r\n")), 400) << "a bare LF ends no line";
  EXPECT_EQ(refused(post("X: a\rContent-Length: 1\r\n")), 400);
  EXPECT_EQ(refused(post("Content-Length: 0\r\nX: a\0b\r\n"s)), 400);
  EXPECT_EQ(refused("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(refused(get("/", "Content-Length: 5\r\n")), 400) << "GET with a body";
  EXPECT_EQ(refused(post("")), 411);
}

TEST(RequestHead, ExactlyOneHost) {
  EXPECT_EQ(refused("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400);
  EXPECT_EQ(refused(get("/")), 0);
}

TEST(RequestHead, TargetsThatLeaveTheTreeOrAreNoPathAreRefused) {
  for (const auto* target : {"x", "http://a/", "*", "/../x", "/a/..", "/a/%2e%2e/b", "/a/.%2E/b", "/a%2f..%2fb",
                             "/a\\..\\b", "/\xc3\xbc", "/a#b"})
    EXPECT_EQ(refused(get(target)), 400) << target;
  EXPECT_EQ(refused(get("/a/..b/c.d?x=..")), 0);
  EXPECT_EQ(refused("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET /\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(refused("get / HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
  EXPECT_EQ(refused("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
  EXPECT_EQ(refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(refused("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
}

TEST(RequestHead, EveryLimitHolds) {
  EXPECT_EQ(refused(get("/" + std::string(2047, 'a'))), 0);
  EXPECT_EQ(refused(get("/" + std::string(2048, 'a'))), 414);
  std::string many;
  for (int i = 0; i < 64; ++i) many += "X: 1\r\n";
  EXPECT_EQ(refused(get("/", many)), 431) << "64 and the Host";
  EXPECT_EQ(refused(get("/", many.substr(6))), 0);
  EXPECT_EQ(refused(get("/", "X: " + std::string(8192, 'a') + "\r\n")), 431);
  EXPECT_EQ(refused(post("Content-Length: 1048576\r\n")), 0);
  EXPECT_EQ(refused(post("Content-Length: 1048577\r\n")), 413);
}

TEST(RequestHead, ConnectionAndExpectAreUnderstood) {
  EXPECT_FALSE(std::get<Head>(parse_head(get("/", "Connection: close\r\n"), {})).keep_alive);
  EXPECT_FALSE(std::get<Head>(parse_head("GET / HTTP/1.0\r\n\r\n", {})).keep_alive);
  EXPECT_TRUE(std::get<Head>(parse_head(post("Content-Length: 1\r\nExpect: 100-continue\r\n"), {})).expects_continue);
  EXPECT_EQ(refused(post("Content-Length: 1\r\nExpect: more\r\n")), 417);
  EXPECT_EQ(refused(post("Content-Length: 1\r\nContent-Encoding: gzip\r\n")), 415);
}

/// The body, or the status of the refusal, fed in pieces of `piece` bytes; `rest` is what followed.
std::string unchunk(std::string_view bytes, std::size_t piece, std::string* rest = nullptr, std::size_t limit = 100) {
  ChunkedBody body(limit);
  while (!bytes.empty()) {
    auto part = bytes.substr(0, piece);
    const auto before = part.size();
    const auto state = body.feed(part);
    bytes.remove_prefix(before - part.size());
    if (state == ChunkedBody::State::kRefused) return std::to_string(body.refusal().status);
    if (state == ChunkedBody::State::kDone) {
      if (rest != nullptr) *rest = bytes;
      return body.take();
    }
  }
  return "more";
}

TEST(ChunkedBody, ChunksAreJoinedHoweverTheyArriveAndTheNextRequestIsLeft) {
  for (const std::size_t piece : {1U, 2U, 3U, 7U, 1000U}) {
    std::string rest;
    EXPECT_EQ(unchunk("5\r\nhello\r\nA\r\n, wide wor\r\n2\r\nld\r\n0\r\nX-Trailer: 1\r\n\r\nGET /", piece, &rest),
              "hello, wide world")
        << piece;
    EXPECT_EQ(rest, "GET /") << piece;
  }
  EXPECT_EQ(unchunk("0\r\n\r\n", 1), "");
}

TEST(ChunkedBody, WhatIsNotPlainIsRefused) {
  for (const std::size_t piece : {1U, 1000U}) {
    EXPECT_EQ(unchunk("5;ext=1\r\nhello\r\n0\r\n\r\n", piece), "400");
    EXPECT_EQ(unchunk("5\nhello\n0\n\n", piece), "400");
    EXPECT_EQ(unchunk("-1\r\n", piece), "400");
    EXPECT_EQ(unchunk("0x5\r\nhello", piece), "400");
    EXPECT_EQ(unchunk(" 5\r\nhello", piece), "400");
    EXPECT_EQ(unchunk("\r\n", piece), "400");
    EXPECT_EQ(unchunk("5\r\nhelloX\r\n", piece), "400");
    EXPECT_EQ(unchunk("FFFFFFFFFFFFFFFFF\r\n", piece), "400");
    EXPECT_EQ(unchunk("65\r\n", piece), "413") << "101 bytes of 100";
    EXPECT_EQ(unchunk("FFFFFFFF\r\n", piece), "413");
    EXPECT_EQ(unchunk("0\r\n" + std::string(9000, 'x'), piece), "431");
  }
}

}  // namespace
}  // namespace guidepost::http
