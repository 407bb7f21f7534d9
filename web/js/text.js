// What the page says, in Chinese first and in English.

const TEXTS = {
  zh: {
    title: '热线', log_in: '登录', log_out: '退出', user: '用户名', password: '密码', my_state: '我的状态', ready: '就绪',
    not_ready: '示忙', reason: '原因', reason_break: '小休', reason_meal: '用餐', reason_training: '培训',
    reason_meeting: '会议', leave_seat: '签退', pops: '来电弹屏', no_pops: '还没有来电。', queues: '队列', calls: '实时通话',
    no_calls: '没有通话。', agents: '话务员', agent: '话务员', number: '号码', queue: '队列', state: '状态', time: '时长',
    actions: '操作', phone: '分机', listening: '监听', listener: '监听人', purpose: '目的', no_listening: '没有监听。',
    listen: '监听', my_phone: '我的分机', cancel: '取消', stop: '结束', hang_up: '挂断', waiting_now: '排队', longest: '最长等待',
    serving: '通话中', free: '就绪', up: '已连接', down: '连接中断，正在重连', recent: '最近来电', first_contact: '首次来电',
    repeat: '重复来电', waited: '已等待', withdrawn: '已撤回', cases: '工单', unknown_number: '未知号码', seconds: '秒',
    other_language: 'English', preparing: '正在接通', planned: '通话后示忙', foreign: '（非本系统发起）',
    sure_hang_up: '挂断这个通话？', expired: '登录已过期，请重新登录。', wrong: '用户名或密码不对。', unreachable: '无法连接服务器。',
    forbidden: '您没有这个权限。',
    states: {
      logged_out: '未登录', ready: '就绪', reserved: '已派单', ringing: '振铃', talking: '通话', holding: '保持', wrap_up: '话后处理',
      not_ready: '示忙', arrived: '呼入', waiting: '排队', offered: '振铃', served: '即将结束', left: '已离开队列',
    },
    reasons: {
      logged_in: '刚登录', rona: '久振未接', phone_unavailable: '话机不可用', break: '小休', meal: '用餐', training: '培训', meeting: '会议',
    },
    outcomes: {
      answered: '接通', abandoned: '放弃', timed_out: '排队超时', left_by_key: '按键离开', no_agents: '无人在岗', withdrawn: '撤回',
      blocked: '呼损', ended_in_ivr: '导航中结束', callback: '转回拨', overflowed: '溢出', lost: '丢失',
    },
  },
  en: {
    title: 'hotline', log_in: 'Log in', log_out: 'Log out', user: 'User', password: 'Password', my_state: 'My state',
    ready: 'Ready', not_ready: 'Not ready', reason: 'Reason', reason_break: 'Break', reason_meal: 'Meal',
    reason_training: 'Training', reason_meeting: 'Meeting', leave_seat: 'Leave the seat', pops: 'Screen pops',
    no_pops: 'No calls yet.', queues: 'Queues', calls: 'Live calls', no_calls: 'No calls.', agents: 'Agents', agent: 'Agent',
    number: 'Number', queue: 'Queue', state: 'State', time: 'Time', actions: 'Actions', phone: 'Phone', listening: 'Listening',
    listener: 'Listener', purpose: 'Purpose', no_listening: 'Nobody listens.', listen: 'Listen', my_phone: 'My phone',
    cancel: 'Cancel', stop: 'Stop', hang_up: 'Hang up', waiting_now: 'waiting', longest: 'longest wait', serving: 'talking',
    free: 'ready', up: 'Connected', down: 'Connection lost, trying again', recent: 'Recent contacts',
    first_contact: 'First contact', repeat: 'Repeat caller', waited: 'waited', withdrawn: 'Withdrawn', cases: 'Cases',
    unknown_number: 'Unknown number', seconds: 's', other_language: '中文', preparing: 'Being set up',
    planned: 'Not ready after this call', foreign: '(not started here)', sure_hang_up: 'Hang this call up?',
    expired: 'Your log-in has expired; log in again.', wrong: 'Wrong user or password.',
    unreachable: 'The server cannot be reached.', forbidden: 'You may not do that.',
    states: {
      logged_out: 'Logged out', ready: 'Ready', reserved: 'Offered a call', ringing: 'Ringing', talking: 'Talking',
      holding: 'On hold', wrap_up: 'Wrap-up', not_ready: 'Not ready', arrived: 'Arrived', waiting: 'Waiting',
      offered: 'Ringing', served: 'Ending', left: 'Left the queue',
    },
    reasons: {
      logged_in: 'just logged in', rona: 'did not answer', phone_unavailable: 'phone unavailable', break: 'break',
      meal: 'meal', training: 'training', meeting: 'meeting',
    },
    outcomes: {
      answered: 'answered', abandoned: 'abandoned', timed_out: 'timed out', left_by_key: 'left by key',
      no_agents: 'no agents', withdrawn: 'withdrawn', blocked: 'blocked', ended_in_ivr: 'ended in IVR',
      callback: 'callback', overflowed: 'overflowed', lost: 'lost',
    },
  },
};

let language = localStorage.getItem('language') === 'en' ? 'en' : 'zh';

/** Return a text by its key; a state, reason or outcome nobody translated is shown as it is. */
export const text = (key) => TEXTS[language][key] ?? key;
export const stateText = (state) => TEXTS[language].states[state] ?? state;
export const reasonText = (reason) => TEXTS[language].reasons[reason] ?? reason;
export const outcomeText = (outcome) => TEXTS[language].outcomes[outcome] ?? outcome;

/** Write every fixed text of the document in the present language. */
export function translate() {
  document.documentElement.lang = language === 'en' ? 'en' : 'zh-CN';
  document.title = `12345 ${text('title')}`;
  for (const element of document.querySelectorAll('[data-text]')) element.textContent = text(element.dataset.text);
}

export function switchLanguage() {
  language = language === 'en' ? 'zh' : 'en';
  localStorage.setItem('language', language);
  translate();
}

/** Return seconds as 0:07, 12:34 or 1:02:03. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Return an instant as the wall clock here shows it. */
export function clock(instant) {
  return new Date(instant).toLocaleTimeString(language === 'en' ? 'en-GB' : 'zh-CN', { hour12: false });
}

/** Return an instant as date and time here. */
export function moment(instant) {
  return new Date(instant).toLocaleString(language === 'en' ? 'en-GB' : 'zh-CN', { hour12: false });
}
