-- WeChat's API: card_ticket. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "update_meeting", "POST", "/card/meetingticket/updateuser",
    body = "card_id?, code, begin_time?, end_time?, zone?, entrance?, seat_number?" },
  { "update_movie", "POST", "/card/movieticket/updateuser",
    body = "card_id?, code, ticket_class?, screening_room?, show_time?, duration?, seat_number[]?" },
  { "checkin_boarding", "POST", "/card/boardingpass/checkin",
    body = "card_id?, code, etkt_bnr?, class?, passenger_name?, seat?, qrcode_data?, is_cancel?" },
}
