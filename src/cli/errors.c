/* errors: the Chinese text of every error of base/err.h; the English one stands there. A spec holds
 * the two lists together. */
#include "cli/errors.h"

#include <string.h>
#include <uv.h>

#include "base/err.h"
#include "cli/text.h"

#define AT(name, text) [WY_E_##name - WY_E_BASE] = text

static const char *const texts[WY_E_END - WY_E_BASE] = {
    AT(NOMEM, "内存不足，或超过缓冲区上限"),
    AT(ARG, "参数不对"),
    AT(CONFIG, "配置有错"),
    AT(LISTEN, "不能监听这个地址"),
    AT(ADMIN, "管理接口开不了"),
    AT(RECORD, "写不了记录文件"),
    AT(HANDOVER, "接不过来前一个进程的收件箱"),
    AT(CANCELLED, "已取消"),
    AT(HTTP_MALFORMED, "HTTP 格式错误"),
    AT(HTTP_BAD_TE, "Transfer-Encoding 不只是 chunked"),
    AT(HTTP_NO_HOST, "没有 Host 头"),
    AT(HTTP_DUP_HOST, "Host 头不止一个"),
    AT(HTTP_BAD_HOST, "Host 头不是主机名"),
    AT(HTTP_UNKNOWN_HOST, "这里不服务这个主机名"),
    AT(HTTP_METHOD, "不允许这个方法"),
    AT(HTTP_VERSION, "不支持这个 HTTP 版本"),
    AT(HTTP_EXPECT, "Expect 不是 100-continue"),
    AT(HTTP_TARGET, "请求行里的地址超过 limits.target"),
    AT(HTTP_HEADER, "请求头超过 limits.header 或 limits.fields"),
    AT(HTTP_BODY, "正文超过上限"),
    AT(HTTP_CHUNK, "分块传输的附加字节超过 limits.chunk_overhead"),
    AT(HTTP_TIMEOUT, "客户端太慢"),
    AT(HTTP_ABORTED, "客户端中途离开"),
    AT(HTTP_BUSY, "连接太多"),
    AT(HTTP_STORAGE, "上传的文件存不下：磁盘满了，或不可写"),
    AT(HTTP_STREAMS, "同时的流超过 limits.streams"),
    AT(HTTP_NOT_FOUND, "这个路径没有服务"),
    AT(URI, "路径格式错误，或越出根目录"),
    AT(QUERY_SYNTAX, "查询参数格式错误"),
    AT(QUERY_DUP, "同一个查询参数出现两次"),
    AT(QUERY_MANY, "查询参数超过 100 个"),
    AT(QUERY_LONG, "echostr 超过 1 KiB，或转义的参数超过 2 KiB"),
    AT(SIG_MISSING, "缺 signature、timestamp 或 nonce"),
    AT(SIG_TIMESTAMP, "timestamp 不是 Unix 时间"),
    AT(SIG_STALE, "timestamp 相差超过 limits.window：重放，或时钟不准"),
    AT(SIG_MISMATCH, "签名不对：两边的 Token 一样吗？"),
    AT(SIG_MODE, "推送没有 mode 要求的保护"),
    AT(SIG_ACCOUNT, "ToUserName 与账号的 username 不符"),
    AT(SIG_APPID, "密文里的 AppID 不是 appid"),
    AT(SIG_NONCE, "时间戳和随机数属于另一个推送：签名被再次使用"),
    AT(AES_BASE64, "Encrypt 不是规范的 base64"),
    AT(AES_LENGTH, "密文长度不是 16 的倍数"),
    AT(AES_PADDING, "填充不对：EncodingAESKey 不对？"),
    AT(AES_SHORT, "解密后不足 20 字节"),
    AT(AES_MSG_LEN, "密文里的长度超出密文"),
    AT(AES_KEY, "EncodingAESKey 应为 43 位字母数字"),
    AT(AES_CRYPTO, "libcrypto 拒绝了操作"),
    AT(PUSH_EMPTY, "推送没有正文"),
    AT(PUSH_FORM, "既不是 XML 也不是 JSON"),
    AT(PUSH_INCOMPLETE, "缺 FromUserName、ToUserName 或 MsgType"),
    AT(XML_SYNTAX, "XML 格式错误"),
    AT(XML_DOCTYPE, "不接受 DOCTYPE"),
    AT(XML_ENCODING, "只接受 UTF-8"),
    AT(XML_DEPTH, "元素嵌套超过 16 层"),
    AT(XML_MANY, "元素或属性太多，超过任何推送"),
    AT(XML_DUP, "消息头的元素出现两次"),
    AT(XML_INT, "CreateTime 或 MsgId 不是数字"),
    AT(XML_COUNT, "条数大得不可能"),
    AT(JSON_SYNTAX, "JSON 格式错误"),
    AT(JSON_EMPTY, "应为 JSON，却是空的"),
    AT(JSON_TRAILING, "JSON 结束后还有内容"),
    AT(JSON_DEPTH, "JSON 嵌套太深"),
    AT(JSON_DUP, "JSON 对象里同一个键出现两次"),
    AT(JSON_NUL, "JSON 字符串里有 NUL 字符"),
    AT(JSON_NUMBER, "JSON 数字格式错误，或超出双精度"),
    AT(JSON_CTRL, "JSON 字符串里有控制字符"),
    AT(JSON_UTF8, "JSON 不是 UTF-8，或有不成对的代理码"),
    AT(JSON_BOM, "JSON 以 BOM 开头"),
    AT(JSON_TYPE, "JSON 的值不是对象"),
    AT(MULTIPART_TYPE, "Content-Type 不是带一个 boundary（1 到 70 个字符）的 multipart/form-data"),
    AT(MULTIPART_BOUNDARY, "表单的分隔行旁有不该有的内容"),
    AT(MULTIPART_PARTS, "表单的分段太多"),
    AT(MULTIPART_HEADER, "分段的头格式错误，或太大"),
    AT(MULTIPART_NAME, "分段没有名字，名字太长，或不是文字"),
    AT(MULTIPART_DUP, "表单里同一个字段出现两次"),
    AT(MULTIPART_TRUNCATED, "表单没有收完：缺最后的分隔行"),
    AT(REPLY_TYPE, "处理函数应返回文字、wx.reply 的值、false 或 nil"),
    AT(REPLY_FIELD, "回复缺必需的字段"),
    AT(REPLY_UTF8, "回复不是 UTF-8"),
    AT(DICT_ABSENT, "没有这个键"),
    AT(DICT_EXISTS, "已有这个键"),
    AT(DICT_LARGE, "键和值超过一条数据的上限"),
    AT(DICT_NUMBER, "这个键的值不是数字"),
    AT(STORE_TIMEOUT, "存储没有及时回答"),
    AT(STORE_BUSY, "等待存储的操作太多，或它被锁住"),
    AT(STORE_FULL, "存储没有空间了"),
    AT(STORE_UNREACHABLE, "连不上存储"),
    AT(STORE_IO, "读写存储失败"),
    AT(STORE_READONLY, "存储不可写"),
    AT(STORE_CORRUPT, "存储已损坏，或不是微月的存储"),
    AT(STORE_LARGE, "键最多 1024 字节，值最多 1 MiB"),
    AT(STORE_NUMBER, "这个键的值不是数字，或和太大"),
    AT(STORE_CLOSED, "存储已关闭"),
};

const char *wy_cli_strerror_zh(int err) {
  const char *text = err > WY_E_BASE && err < WY_E_END ? texts[err - WY_E_BASE] : NULL;
  return text ? text : wy_err_text(err);
}

const char *wy_cli_strerror(int err) {
  return wy_cli_zh() ? wy_cli_strerror_zh(err) : wy_err_text(err);
}

const char *wy_cli_why(int err) {
  static const struct {
    int err;
    const char *zh;
  } known[] = {
      {UV_ENOENT, "没有这个文件或文件夹（No such file or directory）"},
      {UV_EACCES, "没有权限（Permission denied）"},
      {UV_EPERM, "系统不允许（Operation not permitted）"},
      {UV_EADDRINUSE, "端口已被占用（address already in use）"},
      {UV_EADDRNOTAVAIL, "本机没有这个地址（address not available）"},
      {UV_ENOTDIR, "路径里有一段不是文件夹（Not a directory）"},
      {UV_EISDIR, "这是一个文件夹（Is a directory）"},
      {UV_EEXIST, "已经有了（File exists）"},
      {UV_ENOSPC, "磁盘满了（No space left on device）"},
      {UV_EROFS, "只读的磁盘（Read-only file system）"},
      {UV_EFBIG, "文件太大（File too large）"},
      {UV_EMFILE, "打开的文件太多（Too many open files）"},
      {UV_ECONNREFUSED, "那里没有程序在听（Connection refused）"},
      {UV_ENAMETOOLONG, "路径太长（File name too long）"},
  };
  int code = err > 0 ? uv_translate_sys_error(err) : err;
  for (size_t i = 0; wy_cli_zh() && i < sizeof known / sizeof *known; i++)
    if (known[i].err == code) return known[i].zh;
  return err > 0 ? strerror(err) : uv_strerror(err);
}
