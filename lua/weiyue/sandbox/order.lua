-- The order in which WeChat sends the elements of a message, of an event (by its name in lower case) and of
-- a notice to a third-party platform, behind those that all of them begin with; {} holds what stands inside
-- one. Those that are not here have no elements that are known.
local M = {}

M.message = {
  device_text = "DeviceType,DeviceID,Content,SessionID,OpenID,MsgId",
  file = "Title,Description,FileKey,FileMd5,FileTotalLen,MsgId",
  hardware = "HardWare{MessageView,MessageAction}",
  image = "PicUrl,MediaId,MsgId,MsgDataId,Idx,BusinessId",
  link = "Title,Description,Url,MsgId,MsgDataId,Idx,BusinessId",
  location = "Location_X,Location_Y,Scale,Label,MsgId,MsgDataId,Idx,BusinessId",
  miniprogrampage = "Title,AppId,PagePath,ThumbUrl,ThumbMediaId,MsgId",
  shortvideo = "MediaId,ThumbMediaId,MsgId,MsgDataId,Idx,BusinessId",
  text = "Content,MsgId,bizmsgmenuid,MsgDataId,Idx,BusinessId",
  video = "MediaId,ThumbMediaId,MsgId,MsgDataId,Idx,BusinessId",
  voice = "MediaId,Format,Recognition,MediaId16K,MsgId,MsgDataId,Idx,BusinessId",
}

M.event = {
  add_express_path = "DeliveryID,WayBillId,OrderId,Version,Count,Actions{ActionTime,ActionType,ActionMsg}",
  add_waybill =
    "Token,OrderID,BizID,BizPwd,ShopAppID,WayBillID,Remark,Sender{Name,Tel,Mobile,Company,PostCode,Country,"
    .. "Province,City,Area,Address},Receiver{Name,Tel,Mobile,Company,PostCode,Country,Province,City,Area,"
    .. "Address},Cargo{Weight,Space_X,Space_Y,Space_Z,Count,DetailList{Name,Count}},Insured{UseInsured,"
    .. "InsuredValue},Service{ServiceType,ServiceName}",
  aftersale_complaint_update_order_state = "aftersale_info{aftersale_id,out_aftersale_id}",
  aftersale_merchant_confirm_receipt_overdue = "aftersale_info{aftersale_id,out_aftersale_id}",
  aftersale_merchant_handle_refund_overdue = "aftersale_info{aftersale_id,out_aftersale_id}",
  aftersale_merchant_handle_return_overdue = "aftersale_info{aftersale_id,out_aftersale_id}",
  aftersale_new_order = "aftersale_info{aftersale_id,order_id,out_order_id}",
  aftersale_refund_success = "aftersale_info{aftersale_id,out_aftersale_id}",
  aftersale_update_order = "aftersale_info{aftersale_id,out_aftersale_id}",
  aftersale_user_apply_platform_judge_overdue = "aftersale_info{aftersale_id,out_aftersale_id}",
  aftersale_user_cancel = "aftersale_info{aftersale_id,out_aftersale_id}",
  aftersale_user_confirm_refund_certificate = "aftersale_info{aftersale_id,out_aftersale_id}",
  aftersale_user_modify_return_info = "aftersale_info{aftersale_id,out_aftersale_id}",
  aftersale_user_upload_return_info_overdue = "aftersale_info{aftersale_id,out_aftersale_id}",
  aftersale_wait_merchant_confirm_receipt = "aftersale_info{aftersale_id,out_aftersale_id}",
  aftersale_wait_merchant_offline_refund = "aftersale_info{aftersale_id,out_aftersale_id}",
  annual_renew = "ExpiredTime",
  betaapp_authorization_apply_event = "ApplyAuthorizationInfoNoitfy{appid,mp_appid,status,msg,operation_time,ticket}",
  betaapp_verify_apply_event = "ApplyAuthorizationInfoNoitfy{appid,mp_appid,status,msg,operation_time,ticket}",
  betaapp_verify_event = "ApplyAuthorizationInfoNoitfy{appid,mp_appid,status,msg,operation_time,ticket}",
  bind = "DeviceType,DeviceID,Content,SessionID,OpenID",
  cancel_waybill = "BizID,BizPwd,ShopAppID,OrderID,WayBillID",
  card_merchant_check_result = "MerchantId,IsPass,Reason",
  card_not_pass_check = "CardId,RefuseReason",
  card_pass_check = "CardId",
  card_pay_order = "OrderId,Status,CreateOrderTime,PayFinishTime,Desc,FreeCoinCount,PayCoinCount,RefundFreeCoinCount,"
    .. "RefundPayCoinCount,OrderType,Memo,ReceiptInfo",
  card_sku_remind = "CardId,Detail",
  channels_ec_aftersale_update =
    "finder_shop_aftersale_status_update{status,after_sale_order_id,order_id,wxa_vip_discounted_price}",
  channels_ec_brand = "BrandEvent{brand_id,audit_id,status,reason}",
  channels_ec_complaint_update = "finder_shop_complaint{complaint_status,after_sale_order_id,complaint_id,order_id}",
  channels_ec_coupon_receive = "receive_info{coupon_id,user_coupon_id,receive_time}",
  channels_ec_guarantee_update = "finder_shop_guarantee_status_update{status,guarantee_order_id,order_id}",
  channels_ec_order_cancel = "order_info{order_id,cancel_type}",
  channels_ec_order_confirm = "order_info{order_id,confirm_type}",
  channels_ec_order_deliver = "order_info{order_id,finish_delivery}",
  channels_ec_order_ext_info_update = "order_info{order_id,type}",
  channels_ec_order_new = "order_info{order_id}",
  channels_ec_order_pay = "order_info{order_id,pay_time}",
  channels_ec_order_settle = "order_info{order_id,settle_time}",
  channels_ec_present_aftersale_update =
    "finder_shop_present_aftersale_status_update{status,after_sale_order_id,order_id}",
  channels_ec_vip_user_auto_add = "info{shop_appid,outer_userid,identity,add_time}",
  channels_ec_vip_user_info_get = "info{shop_appid}",
  check_biz = "BizID,BizPwd,ShopAppID,ShopName,ShopTelphone,ShopContact,ServiceName,SenderProvince,SenderCity,"
    .. "SenderArea,SenderAddress",
  click = "EventKey",
  cloud_invoice_invoiceresult_event = "fpqqlsh,status,nsrsbh",
  [
    "complaint callback"] = "appid,complaint_order_id,create_time,expire_time,history{time,content,"
    .. "media_id_list},open_id,option_type,"
    .. "order_id,out_trade_no,pay_time,phone_number,product_name,status,total_cost,type",
  complaint_callback =
    "BussiCallBackInfo{appid,option_type,complaint_order_id,status,create_time,expire_time,type,order_id,"
    .. "out_trade_no,phone_number,open_id,customer_material_content,customer_material_media_id_list,pay_time,"
    .. "total_cost,product_name,history{time,content,media_id_list}}",
  complaint_notify = "complaint_info{complaint_order_id,state,event}",
  create_map_poi_audit_info = "audit_id,status,map_poi_id,name,address,longitude,latitude,sh_remark",
  debug_demo = "debug_str",
  dropship_order_cancel = "ds_order_id",
  dropship_order_new = "ds_order_id",
  dropship_order_update = "ds_order_id,update_time",
  ewaybill_push_path = "waybill_info{ewaybill_order_id,waybill_id,update_time,status,desc}",
  freepublishjobfinish =
    "PublishEventInfo{publish_id,publish_status,article_id,article_detail{count,item{idx,article_url}},"
    .. "fail_idx}",
  funds_order_pay = "order_info{trade_no,transaction_id,pay_time}",
  funds_order_profitsharing = "order_info{profit_sharing_no,amount,result,finish_time}",
  funds_order_refund = "order_info{refund_no,status,success_time}",
  get_quota = "BizID,BizPwd,ShopAppID",
  giftcard_pay_done = "PageId,OrderId",
  giftcard_send_to_friend = "PageId,OrderId,IsChatRoom,IsReturnBack",
  giftcard_user_accept = "PageId,OrderId,IsChatRoom",
  guide_qrcode_scan_event = "GuideScanEvent{qrcode_guide_account,qrcode_guide_openid,openid,action,qrcode_info}",
  head_supplier_item_update = "item_info{event_type,appid,product_id,version,update_fields}",
  kf_close_session = "KfAccount,CloseType",
  kf_create_session = "KfAccount",
  kf_switch_session = "FromKfAccount,ToKfAccount",
  location = "Latitude,Longitude,Precision",
  location_select = "EventKey,SendLocationInfo{Location_X,Location_Y,Scale,Label,Poiname}",
  masssendjobfinish = "MsgID,Status,TotalCount,FilterCount,SentCount,ErrorCount,CopyrightCheckResult{Count,"
    .. "ResultList{item{ArticleIdx,UserDeclareState,AuditState,OriginalArticleUrl,OriginalArticleType,CanReprint,"
    .. "NeedReplaceContent,NeedShowReprintSource}},CheckState},ArticleUrlResult{Count,ResultList{item{ArticleIdx,"
    .. "ArticleUrl}}}",
  media_id = "EventKey",
  merchant_order = "OrderId,OrderStatus,ProductId,SkuInfo",
  minigame_coin_deliver_completed = "MiniGame{Payload,PayEventSig,IsMock}",
  miniprogram_sharer_action = "type,openid,promoter{finder_nickname,promoter_id,promoter_openid}",
  miniprogram_sharer_bind_status_change = "openid,bind_status",
  naming_verify_fail = "FailTime,FailReason",
  naming_verify_success = "ExpiredTime",
  open_product_account_register = "OpenProductAccountRegister{status}",
  open_product_brand_audit = "QualificationAuditResult{audit_id,status,audit_type,reject_reason,brand_id}",
  open_product_category_audit = "QualificationAuditResult{audit_id,status,audit_type,reject_reason}",
  open_product_order_analyze = "order_info{order_id,out_order_id,openid}",
  open_product_receive_coupon = "out_coupon_id,request_id",
  open_product_scene_group_audit = "SceneGroupAudit{group_id,reason,name,scene_group_ext_list{ext_id,status,name}}",
  open_product_spu_audit = "OpenProductSpuAudit{out_product_id,product_id,status,reject_reason}",
  open_product_spu_status_update = "OpenProductSpuAudit{out_product_id,product_id,status,reject_reason}",
  pic_photo_or_album = "EventKey,SendPicsInfo{Count,PicList{item{PicMd5Sum}}}",
  pic_sysphoto = "EventKey,SendPicsInfo{Count,PicList{item{PicMd5Sum}}}",
  pic_weixin = "EventKey,SendPicsInfo{Count,PicList{item{PicMd5Sum}}}",
  poi_check_notify = "UniqId,PoiId,Result,Msg",
  product_category_audit = "ProductCategoryAudit{audit_id,status,reason}",
  product_spu_audit = "ProductSpuAudit{product_id,status,reason,audit_info}",
  product_spu_listing = "ProductSpuListing{product_id,status,reason}",
  publishjobfinish =
    "PublishEventInfo{publish_id,publish_status,article_id,article_detail{count,item{idx,article_url}},"
    .. "fail_idx}",
  qualification_verify_fail = "FailTime,FailReason",
  qualification_verify_success = "ExpiredTime",
  scan = "EventKey,Ticket",
  scancode_push = "EventKey,ScanCodeInfo{ScanType,ScanResult}",
  scancode_waitmsg = "EventKey,ScanCodeInfo{ScanType,ScanResult}",
  secbook_audit_event = "audit_event{book_id,audit_detail{status,create_time,audit_time}}",
  secvod_audit_event = "audit_event{drama_id,audit_detail{status,audit_type,create_time,audit_time}}",
  secvod_upload_event = "upload_event{media_id,source_context,errcode,errmsg}",
  shakearoundlotterybind = "LotteryId,Ticket,Money,BindTime",
  shakearoundusershake =
    "ChosenBeacon{Uuid,Major,Minor,Distance},AroundBeacons{AroundBeacon{Uuid,Major,Minor,Distance}}",
  submit_invoice_title = "title,phone,tax_no,addr,bank_type,bank_no,attach,title_type",
  submit_membercard_user_info = "CardId,UserCardCode",
  subscribe = "EventKey,Ticket",
  subscribe_msg_change_event = "SubscribeMsgChangeEvent{List{TemplateId,SubscribeStatusString}}",
  subscribe_msg_popup_event = "SubscribeMsgPopupEvent{List{TemplateId,SubscribeStatusString,PopupScene}}",
  subscribe_msg_sent_event = "SubscribeMsgSentEvent{List{TemplateId,MsgID,ErrorCode,ErrorStatus}}",
  subscribe_status = "DeviceType,DeviceID,OpType,OpenID",
  templatesendjobfinish = "MsgID,Status",
  trade_manage_order_settlement =
    "merchant_id,sub_merchant_id,merchant_trade_no,transaction_id,pay_time,shipped_time,"
    .. "estimated_settlement_time,confirm_receive_method,confirm_receive_time,settlement_time",
  trade_manage_remind_access_api = "msg",
  trade_manage_remind_shipping = "merchant_id,sub_merchant_id,merchant_trade_no,transaction_id,pay_time,msg",
  unbind = "DeviceType,DeviceID,Content,SessionID,OpenID",
  unsubscribe = "EventKey",
  unsubscribe_status = "DeviceType,DeviceID,OpType,OpenID",
  update_business_bind_result = "delivery_id,biz_id",
  update_invoice_status = "Status,CardId,Code",
  update_member_card = "CardId,UserCardCode,ModifyBonus,ModifyBalance",
  update_waybill_status =
    "shopid,shop_order_id,waybill_id,action_time,order_status,action_msg,shop_no,agent{name,phone}",
  user_authorization_cancellation = "OpenID,AppID,UnionID,RevokeInfo",
  user_authorization_revoke = "OpenID,AppID,UnionID,RevokeInfo,PluginID,OpenPID",
  user_authorize_invoice = "SuccOrderId,FailOrderId,AppId,Source",
  user_consume_card =
    "CardId,UserCardCode,ConsumeSource,LocationId,LocationName,StaffOpenId,VerifyCode,RemarkAmount,OuterId,"
    .. "OuterStr",
  user_del_card = "CardId,UserCardCode",
  user_enter_session_from_card = "CardId,UserCardCode",
  user_enter_tempsession = "SessionFrom",
  user_get_card =
    "CardId,IsGiveByFriend,UserCardCode,FriendUserName,OuterId,OldUserCardCode,OuterStr,IsRestoreMemberCard,"
    .. "IsRecommendByFriend,UnionId",
  user_gifting_card = "CardId,UserCardCode,IsReturnBack,FriendUserName,IsChatRoom",
  user_info_modified = "OpenID,AppID,UnionID",
  user_pay_from_pay_cell = "CardId,UserCardCode,TransId,LocationId,LocationName,Fee,OriginalFee",
  user_scan_product = "KeyStandard,KeyStr,Country,Province,City,Sex,Scene,ExtInfo",
  user_scan_product_async = "KeyStandard,KeyStr,ExtInfo,RegionCode",
  user_scan_product_enter_session = "KeyStandard,KeyStr,ExtInfo",
  user_scan_product_verify_action = "KeyStandard,KeyStr,Result,ReasonMsg",
  user_view_card = "CardId,UserCardCode,OuterId,OuterStr",
  verify_expired = "ExpiredTime",
  view = "EventKey,MenuId",
  view_limited = "EventKey",
  view_miniprogram = "EventKey,MenuId",
  weapp_audit_delay = "Reason,DelayTime",
  weapp_audit_fail = "Reason,FailTime,ScreenShot",
  weapp_audit_success = "SuccTime",
  wificonnected = "ConnectTime,ExpireTime,VendorId,ShopId,PlaceId,DeviceNo",
  withdraw_notify = "withdraw_info{out_request_no,event}",
  wxa_appeal_record = "appeal_record_id,appid,appeal_time,appeal_count,appeal_from,appeal_status,punish_description,"
    .. "material{illegal_material{content,content_url},appeal_material{reason,proof_material_id}}",
  wxa_category_audit = "ret,first,second,reason",
  wxa_comment_bad_score = "result{comment_id}",
  wxa_media_check =
    "isrisky,extra_info_json,status_code,appid,trace_id,version,result{suggest,label},detail{strategy,errcode,"
    .. "suggest,label,prob}",
  wxa_nickname_audit = "ret,nickname,reason",
  wxa_privacy_apply = "result_info{api_name,apply_time,audit_id,audit_time,reason,status}",
  xpay_coin_pay_notify =
    "OpenId,OutTradeNo,Env,WeChatPayInfo{MchOrderNo,TransactionId,PaidTime},CoinInfo{Quantity,OrigPrice,"
    .. "ActualPrice,Attach}",
  xpay_goods_deliver_notify =
    "OpenId,OutTradeNo,Env,WeChatPayInfo{MchOrderNo,TransactionId,PaidTime},GoodsInfo{ProductId,Quantity,"
    .. "OrigPrice,ActualPrice,Attach}",
  xpay_refund_notify =
    "OpenId,MchRefundId,WxRefundId,MchOrderId,WxOrderId,WxpayRefundTransactionId,RefundFee,RetCode,RetMsg,"
    .. "RefundStartTimestamp,RefundSuccTimestamp,RetryTimes",
}

M.component = {
  authorized = "AppId,AuthorizerAppid,AuthorizationCode,AuthorizationCodeExpiredTime,PreAuthCode",
  component_verify_ticket = "AppId,ComponentVerifyTicket",
  notify_3rd_wxa_auth =
    "AppId,appid,taskid,task_status,apply_status,message,dispatch_info{provider,contact,dispatch_time}",
  notify_3rd_wxa_auth_and_icp = "AppId,appid,procedure_id,procedure_status",
  notify_3rd_wxa_wxverify = "AppId,appid,expired,message",
  notify_apply_icpfiling_result = "AppId,authorizer_appid,beian_status",
  notify_icpfiling_verify_result = "AppId,task_id,verify_appid,result,along_with_auth_result",
  notify_third_fasteregister =
    "AppId,appid,status,auth_code,msg,info{wxuser,idname,name,code,code_type,legal_persona_wechat,"
    .. "legal_persona_name,component_phone}",
  notify_third_fastregisterbetaapp = "AppId,appid,status,msg,info{unique_id,name}",
  notify_third_fastverifybetaapp =
    "AppId,appid,status,msg,info{name,code,code_type,legal_persona_wechat,legal_persona_name,component_phone}",
  unauthorized = "AppId,AuthorizerAppid",
  updateauthorized = "AppId,AuthorizerAppid,AuthorizationCode,AuthorizationCodeExpiredTime,PreAuthCode",
}

return M
