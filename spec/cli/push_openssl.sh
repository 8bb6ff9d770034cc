#!/usr/bin/env bash
# push_openssl.sh URL TOKEN APPID AESKEY MODE TEXT
#
# One text push as WeChat sends it, made with openssl and curl alone: nothing of weiyue is used, so
# what both sides get wrong alike shows here. Verifies and decrypts the answer and prints its
# Content. MODE: plain, compatible or safe. Exit status 1 when the answer is not right.
set -eu
export LC_ALL=C

if [ $# -ne 6 ]; then
  echo "usage: push_openssl.sh URL TOKEN APPID AESKEY MODE TEXT" >&2
  exit 2
fi
url=$1 token=$2 appid=$3 aeskey=$4 mode=$5 text=$6
openid=oTestUser0000000000000000001 gh=gh_test

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
  echo "push_openssl: $*" >&2
  exit 1
}

hex() { od -An -v -tx1 | tr -d ' \n'; }

# Bytes from hex digits.
unhex() {
  local digits=$1 out=
  while [ -n "$digits" ]; do
    out+="\\x${digits:0:2}"
    digits=${digits:2}
  done
  printf '%b' "$out"
}

# SHA-1 over the sorted values.
sign() { printf '%s\n' "$@" | sort | tr -d '\n' | openssl dgst -sha1 -r | cut -d' ' -f1; }

# What stands in <NAME>…</NAME>, with or without CDATA.
element() {
  case $2 in *"<$1>"*"</$1>"*) ;; *) fail "no $1 in: $2" ;; esac
  local value=${2#*"<$1>"}
  value=${value%%"</$1>"*}
  value=${value#"<![CDATA["}
  printf '%s' "${value%"]]>"}"
}

cipher() { # -e or -d; IV: the first half of the key
  openssl enc "$1" -aes-256-cbc -nopad -K "$key" -iv "${key:0:32}"
}

# random(16) | length | message | appid | padding to a multiple of 32
seal() {
  local message=$1 length pad
  printf '%s' "$message" >"$folder/message"
  length=$(wc -c <"$folder/message")
  pad=$((32 - (20 + length + ${#appid}) % 32))
  {
    openssl rand 16
    unhex "$(printf '%08x' "$length")"
    cat "$folder/message"
    printf '%s' "$appid"
    for ((i = 0; i < pad; i++)); do unhex "$(printf '%02x' "$pad")"; done
  } | cipher -e | openssl base64 -A
}

unseal() {
  local frame pad length
  printf '%s' "$1" | openssl base64 -d -A | cipher -d >"$folder/frame" || fail "cannot decrypt"
  frame=$(hex <"$folder/frame")
  pad=$((16#${frame: -2}))
  { [ $((${#frame} / 2 % 32)) -eq 0 ] && [ "$pad" -ge 1 ] && [ "$pad" -le 32 ]; } || fail "bad padding"
  length=$((16#${frame:32:8}))
  [ "${frame:40+2*length:${#frame}-40-2*length-2*pad}" = "$(printf '%s' "$appid" | hex)" ] ||
    fail "the frame does not end with the appid"
  unhex "${frame:40:2*length}"
}

# 43 characters and the "=" that is left out; the surplus bits of the last need not be zero
key=$(printf '%s=' "$aeskey" | openssl base64 -d -A | hex)

now=$(date +%s) nonce=$RANDOM$RANDOM
fields="<ToUserName><![CDATA[$gh]]></ToUserName><FromUserName><![CDATA[$openid]]></FromUserName>"
fields+="<CreateTime>$now</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[$text]]></Content>"
fields+="<MsgId>$(date +%s%N)</MsgId>"
query="signature=$(sign "$token" "$now" "$nonce")&timestamp=$now&nonce=$nonce&openid=$openid"
case $mode in
  plain) body="<xml>$fields</xml>" ;;
  compatible | safe)
    [ ${#key} -eq 64 ] || fail "AESKEY does not decode to 32 bytes"
    encrypt=$(seal "<xml>$fields</xml>")
    query+="&encrypt_type=aes&msg_signature=$(sign "$token" "$now" "$nonce" "$encrypt")"
    [ "$mode" = compatible ] || fields="<ToUserName><![CDATA[$gh]]></ToUserName>"
    body="<xml>$fields<Encrypt><![CDATA[$encrypt]]></Encrypt></xml>"
    ;;
  *) fail "no such mode: $mode" ;;
esac

printf '%s' "$body" >"$folder/body"
status=$(curl -sS -m 5 --noproxy '*' -H 'Content-Type: text/xml' --data-binary "@$folder/body" \
  -o "$folder/answer" -w '%{http_code}' "$url?$query") || fail "no answer"
[ "$status" = 200 ] || fail "HTTP status $status"
answer=$(cat "$folder/answer")

if [ "$mode" != plain ]; then
  encrypt=$(element Encrypt "$answer")
  wanted=$(sign "$token" "$(element TimeStamp "$answer")" "$(element Nonce "$answer")" "$encrypt")
  [ "$(element MsgSignature "$answer")" = "$wanted" ] || fail "wrong MsgSignature"
  answer=$(unseal "$encrypt")
fi
[ "$(element ToUserName "$answer")" = "$openid" ] || fail "ToUserName is not the sender"
[ "$(element FromUserName "$answer")" = "$gh" ] || fail "FromUserName is not the account"
[ "$(element MsgType "$answer")" = text ] || fail "MsgType is not text"
content=$(element Content "$answer")
printf '%s\n' "$content"
