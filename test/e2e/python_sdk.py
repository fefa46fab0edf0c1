"""A program of a user of the stock `openai` package: what it sees goes to standard output as one JSON object."""

import hashlib
import json

import openai

client = openai.OpenAI(max_retries=0)  # base URL and key: OPENAI_BASE_URL, OPENAI_API_KEY
seen = {}

video = client.videos.create_and_poll(prompt="a red balloon rises over the sea", seconds="4", poll_interval_ms=300)
seen["polled"] = {"status": video.status, "progress": video.progress, "seconds": video.seconds, "object": video.object}
content = client.videos.download_content(video.id)
seen["content"] = {"sha256": hashlib.sha256(content.read()).hexdigest(), "type": content.response.headers["content-type"]}
seen["thumbnail"] = client.videos.download_content(video.id, variant="thumbnail").read()[:3].hex()
seen["spritesheet"] = client.videos.download_content(video.id, variant="spritesheet").read()[:3].hex()

others = [client.videos.create(prompt=f"a blue fish swims, number {n}", seconds="4").id for n in range(3)]
cancelled = client.post(f"/videos/{others[2]}/cancel", cast_to=openai.types.Video)
seen["cancelled"] = {"status": cancelled.status, "code": cancelled.error.code}
seen["poll_of_cancelled"] = client.videos.poll(others[2]).status
remix = client.videos.remix(video.id, prompt="a green balloon")
seen["remix"] = {"of": remix.remixed_from_video_id == video.id, "status": remix.status}
# The package's own `edit` takes an id by its types, and then refuses to send anything but a file.
edit = client.post("/videos/edits", body={"prompt": "a green balloon", "video": {"id": video.id}}, cast_to=openai.types.Video)
seen["edit"] = {"of": edit.edited_from_video_id == video.id, "seconds": edit.seconds}
edit_of_file = client.videos.edit(prompt="a green balloon", video=("mine.mp4", content.read(), "video/mp4"))
seen["edit_of_file"] = {"of": edit_of_file.edited_from_video_id == video.id, "seconds": edit_of_file.seconds}
for video_id in [*others[:2], remix.id, edit.id, edit_of_file.id]:
    seen["deleted"] = client.videos.delete(video_id).deleted
seen["listed"] = [each.id for each in client.videos.list(limit=1, order="asc")] == [video.id, others[2]]


def refusal(call):
    try:
        call()
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code, error.param, error.request_id is not None]
    return None


seen["refusals"] = [
    refusal(lambda: client.videos.create(prompt="a ball", seconds="99999")),
    refusal(lambda: client.videos.create(prompt="a ball", model="sora-9")),
    refusal(lambda: client.videos.retrieve("video_" + "0" * 32)),
    refusal(lambda: client.videos.download_content(others[2])),
    refusal(lambda: client.videos.create_character(name="a", video=b"x")),
    refusal(lambda: client.videos.get_character("char_1")),
    refusal(lambda: client.videos.create(prompt="a", extra_body={"characters": [{"id": "char_1"}]})),
    refusal(lambda: client.with_options(api_key="sk-wrong").videos.list()),
]
seen["moderation"] = client.moderations.create(input="a red ball").results[0].flagged
seen["model"] = client.models.list().data[0].id == video.model
print(json.dumps(seen))
