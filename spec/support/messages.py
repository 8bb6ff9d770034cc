"""What users do, as the fields of WeChat's push. The head (who, to whom, when, MsgId) is not here:
whoever sends them adds it."""


def text(content):
    return {"MsgType": "text", "Content": content}


def image(media_id="wxtest-media", url="http://mmbiz.qpic.cn/wxtest"):
    return {"MsgType": "image", "PicUrl": url, "MediaId": media_id}


def voice(media_id="wxtest-media"):
    return {"MsgType": "voice", "MediaId": media_id, "Format": "amr", "Recognition": ""}


def video(media_id="wxtest-media", thumb="wxtest-thumb"):
    return {"MsgType": "video", "MediaId": media_id, "ThumbMediaId": thumb}


def location(latitude=23.134521, longitude=113.358803, scale=20, label="广州"):
    return {"MsgType": "location", "Location_X": latitude, "Location_Y": longitude, "Scale": scale,
            "Label": label}


def link(title, url, description=""):
    return {"MsgType": "link", "Title": title, "Description": description, "Url": url}


def event(name, **more):
    """Any event; keywords are its further elements, tables and lists nest."""
    return {"MsgType": "event", "Event": name, **more}


def click(key):
    return event("CLICK", EventKey=key)


def view(url):
    return event("VIEW", EventKey=url)


def subscribe(scene=None):
    """A new follower, or one who came by a QR code with this scene."""
    if scene is None:
        return event("subscribe", EventKey="")
    return event("subscribe", EventKey=f"qrscene_{scene}", Ticket="wxtest-ticket")


def unsubscribe():
    return event("unsubscribe", EventKey="")


def scan(scene):
    """A follower scans a QR code."""
    return event("SCAN", EventKey=str(scene), Ticket="wxtest-ticket")


def report_location(latitude=23.137466, longitude=113.352425, precision=119.385040):
    """The event LOCATION, which comes by itself; not the message."""
    return event("LOCATION", Latitude=latitude, Longitude=longitude, Precision=precision)
