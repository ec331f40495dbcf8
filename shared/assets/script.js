// What makes the pages smoother. Every one of them works without it.
(function () {
  'use strict';

  // An error summary takes the focus, also where autofocus is not honoured.
  var summary = document.querySelector('.alert[autofocus]');
  if (summary) window.addEventListener('load', function () {
    setTimeout(function () {
      if (document.activeElement === document.body) summary.focus();
    }, 100);
  });

  // A form is sent once, until the page is shown again.
  var sent = [];
  document.addEventListener('submit', function (event) {
    var form = event.target;
    if (form.method !== 'post') return;
    if (sent.indexOf(form) >= 0) {
      event.preventDefault();
      return;
    }
    sent.push(form);
    var button = event.submitter;
    if (button) button.setAttribute('aria-disabled', 'true');
  });
  window.addEventListener('pageshow', function () {
    sent = [];
    document.querySelectorAll('button[aria-disabled]').forEach(function (button) {
      button.removeAttribute('aria-disabled');
    });
  });

  // Another day, same place on the page.
  var place = 'kept-scroll';
  try {
    var kept = JSON.parse(sessionStorage.getItem(place) || 'null');
    sessionStorage.removeItem(place);
    if (kept && kept.path === location.pathname && !location.hash) window.scrollTo(0, kept.top);
    document.querySelectorAll('.choose').forEach(function (choose) {
      var keep = function (event) {
        if (event.type === 'click' && !event.target.closest('a')) return;
        sessionStorage.setItem(place, JSON.stringify({ path: location.pathname, top: window.scrollY }));
      };
      choose.addEventListener('click', keep);
      choose.addEventListener('submit', keep);
    });
  } catch (ignored) {
    // Storage may be switched off: then the page starts at its top.
  }

  // Arrow keys go from time to time: along a row, and to the same hour of the next.
  var keys = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], Home: [-Infinity, 0], End: [Infinity, 0] };
  var choices = function (row) {
    return Array.prototype.slice.call(row.querySelectorAll('li > a, li > button'));
  };
  var minutes = function (choice) {
    var found = /(\d+):(\d+)/.exec(choice.textContent);
    return found ? found[1] * 60 + +found[2] : Infinity;
  };
  var rows = document.querySelector('.rows');
  if (rows) rows.addEventListener('keydown', function (event) {
    var step = keys[event.key];
    var row = event.target.closest('.row');
    if (!step || !row || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    var here = choices(row);
    var at = here.indexOf(event.target);
    if (at < 0) return;
    var next;
    if (step[0]) {
      next = here[Math.max(0, Math.min(here.length - 1, at + step[0]))];
    } else {
      var wanted = minutes(event.target);
      var other = row;
      do {
        other = step[1] > 0 ? other.nextElementSibling : other.previousElementSibling;
      } while (other && !choices(other).length);
      if (!other) return;
      next = choices(other).reduce(function (best, choice) {
        return Math.abs(minutes(choice) - wanted) < Math.abs(minutes(best) - wanted) ? choice : best;
      });
    }
    event.preventDefault();
    next.focus();
  });

  // The reader's own time, where the device is set to another zone.
  document.querySelectorAll('[data-zone]').forEach(function (element) {
    try {
      var language = document.documentElement.lang;
      var at = new Date(element.dataset.start || Date.now());
      var own = Intl.DateTimeFormat().resolvedOptions().timeZone;
      var shape = { weekday: 'long', day: 'numeric', month: 'long', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
      var show = function (zone) {
        var said = {};
        new Intl.DateTimeFormat(language, Object.assign({ timeZone: zone }, shape)).formatToParts(at).forEach(function (part) {
          said[part.type] = part.value;
        });
        return { day: said.weekday + ' ' + said.day + ' ' + said.month, time: said.hour + ':' + said.minute };
      };
      var here = show(own);
      var there = show(element.dataset.zone);
      if (here.day === there.day && here.time === there.time) return;
      var city = own.split('/').pop().replace(/_/g, ' ');
      element.textContent = element.dataset.text.replace('{}', element.dataset.start ? (here.day === there.day ? '' : here.day + ', ') + here.time + ' (' + city + ')' : city);
    } catch (ignored) {
      // A zone this browser does not know: the event's own time stands there anyway.
    }
  });

  // Before the automatic sign-out there is a warning. Asking how long is left
  // does not stay signed in; the button does.
  var stay = document.querySelector('.stay');
  if (stay) {
    var ends = Date.now() + stay.dataset.left * 1000;
    var ask = function (body) {
      var request = { method: body ? 'POST' : 'GET', body: body, headers: { accept: 'application/json' } };
      return fetch(stay.dataset.path, request).then(function (answer) {
        if (answer.status === 401) return { seconds_left: 0 };
        if (!answer.ok) throw new Error();
        return answer.json();
      }).then(function (said) {
        ends = Date.now() + said.seconds_left * 1000;
        look();
      }).catch(function () {
        // Offline: the time that was known runs on.
      });
    };
    var asks = stay.querySelector('b');
    var look = function () {
      var left = Math.round((ends - Date.now()) / 1000);
      if (left <= 0) {
        location.replace(stay.dataset.over);
        return;
      }
      var warn = left <= 120;
      if (warn) {
        var minutes = Math.floor(left / 60);
        var clock = minutes + ':' + String(left % 60).padStart(2, '0');
        stay.querySelector('span').textContent = stay.dataset.text.replace('{}', clock);
      }
      if (warn && stay.hidden) {
        stay.hidden = false;
        asks.textContent = asks.dataset.text;
        ask();
      } else if (!warn) {
        stay.hidden = true;
        asks.textContent = '';
      }
    };
    stay.querySelector('form').addEventListener('submit', function (event) {
      event.preventDefault();
      event.stopPropagation();
      ask(new URLSearchParams(new FormData(event.target)));
    });
    setInterval(look, 1000);
    setInterval(ask, 60000);
    document.addEventListener('visibilitychange', function () {
      if (!document.hidden) ask();
    });
  }

  // Passkeys: the form's challenge is fetched, the browser answers it, and the
  // answer is sent with the form.
  var bytes = function (text) {
    return Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), function (letter) {
      return letter.charCodeAt(0);
    });
  };
  var text = function (buffer) {
    return btoa(String.fromCharCode.apply(null, new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  };
  if (window.PublicKeyCredential) document.querySelectorAll('form[data-passkey]').forEach(function (form) {
    form.hidden = false;
    var say = form.querySelector('[role=status]');
    form.addEventListener('submit', function (event) {
      event.preventDefault();
      event.stopPropagation();
      say.textContent = '';
      fetch(form.dataset.options, { method: 'POST', body: new URLSearchParams(new FormData(form)), headers: { accept: 'application/json' } }).then(function (answer) {
        return answer.json().then(function (said) {
          if (!answer.ok) throw new Error(said.error.message);
          return said;
        });
      }).then(function (said) {
        var key = said.options.publicKey;
        var known = function (one) { one.id = bytes(one.id); };
        key.challenge = bytes(key.challenge);
        (key.allowCredentials || []).concat(key.excludeCredentials || []).forEach(known);
        if (key.user) key.user.id = bytes(key.user.id);
        form.elements.ceremony.value = said.ceremony;
        return key.user ? navigator.credentials.create({ publicKey: key }) : navigator.credentials.get({ publicKey: key });
      }).then(function (made) {
        var response = {};
        ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle'].forEach(function (name) {
          if (made.response[name]) response[name] = text(made.response[name]);
        });
        form.elements.credential.value = JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response: response, extensions: {} });
        form.submit();
      }).catch(function (problem) {
        say.textContent = problem.name === 'NotAllowedError' ? form.dataset.refused : problem.message;
      });
    });
  });

  // How hard a new password is to guess, said while it is typed.
  document.querySelectorAll('input[data-meter]').forEach(function (input) {
    var say = document.getElementById(input.id + '-meter');
    var wait;
    input.addEventListener('input', function () {
      clearTimeout(wait);
      wait = setTimeout(function () {
        if (!input.value) {
          say.textContent = '';
          return;
        }
        fetch(input.dataset.meter, { method: 'POST', headers: { accept: 'application/json', 'content-type': 'application/json' }, body: JSON.stringify({ password: input.value }) }).then(function (answer) {
          return answer.ok ? answer.json() : { words: '', advice: [] };
        }).then(function (said) {
          say.textContent = said.words ? 'This password is ' + said.words + '. ' + said.advice.join(' ') : '';
        }).catch(function () {
          say.textContent = '';
        });
      }, 400);
    });
  });
})();
