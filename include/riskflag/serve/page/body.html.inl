R"html(
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
  <div class="inner">
    <p class="eyebrow">riskflag</p>
    <h1 id="model-name">Credit risk</h1>
    <p class="sub" id="model-sub">Asking the server for its model</p>
    <nav aria-label="Views">
      <a href="#applicant">Applicant</a>
      <a href="#file">File</a>
      <a href="#monitor">Monitor</a>
    </nav>
  </div>
</header>
<main id="main" tabindex="-1">
  <p id="notice" class="finding" role="alert" hidden></p>
  <form id="key-form" class="panel narrow" hidden>
    <h2>API key</h2>
    <p class="lead" id="key-lead"></p>
    <label for="key">Key</label>
    <div class="line"><input id="key" type="password" autocomplete="off" spellcheck="false" aria-describedby="key-note" required><button>Use this key</button></div>
    <p class="hint" id="key-note">It is kept in this page's memory alone, and forgotten when you leave. The page needs a key that may score and read.</p>
  </form>

  <section id="view-applicant" aria-label="Applicant" hidden>
    <div class="split">
      <form id="form" class="panel" novalidate autocomplete="off">
        <div class="head"><h2>Applicant</h2><div class="line"><button type="button" class="plain" id="sample">Sample applicant</button><button type="button" class="plain" id="clear">Clear</button></div></div>
        <p class="lead">An empty field is a missing value. Each answer is a decision of the model: the server counts it, and keeps it where it has a decision log.</p>
        <div id="fields" class="fields"></div>
        <div class="line end"><button id="score">Score</button></div>
      </form>
      <div class="aside">
        <section id="answer" class="panel" aria-label="Answer">
          <div id="no-answer"><h2>Answer</h2><p class="lead">Fill in the fields, or take the sample applicant, and score.</p></div>
          <div id="has-answer" hidden>
            <div id="gauge"></div>
            <p class="risk"><span id="risk" class="pill"></span><span id="delta"></span></p>
            <p class="spoken" id="spoken" role="status" aria-live="polite"></p>
            <section id="reasons-box"><div class="head"><h3>What speaks for High</h3><span class="hint">log-odds</span></div><ol id="reasons" class="reasons"></ol></section>
            <section id="what-if"><div class="head"><h3>What if</h3><button type="button" class="plain small" id="back" hidden>Back to the first answer</button></div>
              <p class="hint" id="what-if-hint">Change a field: the score moves beside the first answer.</p><ol id="tries" class="tries"></ol></section>
            <dl class="facts"><div><dt>Probability</dt><dd id="probability" class="code"></dd></div><div><dt>High from</dt><dd id="threshold" class="code"></dd></div>
              <div><dt>Decision</dt><dd id="decision" class="code"></dd></div><div><dt>Model version</dt><dd id="version" class="code"></dd></div></dl>
          </div>
        </section>
      </div>
    </div>
  </section>

  <section id="view-file" aria-label="File" hidden>
    <div class="panel">
      <h2>Score a file</h2>
      <p class="lead">CSV with a header, in UTF-8; columns in any order, others are kept. Rows go to the server a thousand at a time and come back with their scores; a row that cannot be scored keeps its place and says why.</p>
      <div id="drop" class="drop"><p><strong>Drop a CSV file here</strong></p><p>or</p><label class="button" for="pick">Choose a file</label><input id="pick" type="file" accept=".csv,text/csv"></div>
      <div id="job" hidden>
        <div class="head"><h3 id="job-name"></h3><button type="button" class="plain small" id="stop">Stop</button></div>
        <progress id="progress" max="1" value="0" aria-labelledby="job-name"></progress>
        <p id="job-state" role="status" aria-live="polite"></p>
        <p id="job-problem" class="finding" role="alert" hidden></p>
        <div class="tiles" id="job-tiles"></div>
        <p class="line"><a class="button" id="download" hidden>Download the scored file</a></p>
        <figure id="job-scores" hidden><h3>Scores</h3><figcaption>Share of the rows by probability</figcaption><div id="job-chart"></div></figure>
        <div id="job-errors" hidden><h3>Rows without a score</h3><div class="scroll"><table><thead><tr><th scope="col" class="n">Row</th><th scope="col">Why</th></tr></thead><tbody id="job-error-rows"></tbody></table></div><p class="hint" id="job-errors-more"></p></div>
      </div>
    </div>
  </section>

  <section id="view-monitor" aria-label="Monitor" hidden>
    <p class="hint right" id="monitor-state" role="status"></p>
    <p id="reload-problem" class="finding" hidden></p>
    <div class="tiles" id="tiles"></div>
    <div class="charts">
      <figure class="panel"><h3>Traffic</h3><figcaption>Scoring requests a second while this view is open</figcaption><div id="traffic"></div></figure>
      <figure class="panel"><h3>Latency</h3><figcaption>Milliseconds of scoring requests, inside the server</figcaption><div id="latency"></div></figure>
      <figure class="panel"><h3>Scores against training</h3><figcaption>Share of rows by probability, since this model was loaded</figcaption><div id="scores"></div></figure>
      <figure class="panel"><h3 id="field-title">One field against training</h3><figcaption>Share of rows by value, since this model was loaded; choose a field below</figcaption><div id="field-chart"></div></figure>
    </div>
    <section class="panel"><div class="head"><h2>Drift by field</h2><label class="line">Window <select id="window"></select></label></div>
      <p class="lead">Population stability index of live rows against training rows: below 0.10 is quiet, and an alarm needs more than chance explains in so many rows. The mark is its limit.</p>
      <div id="drift"></div></section>
    <section class="panel"><h2>Performance by week</h2>
      <p class="lead" id="performance-hint"></p><div class="scroll"><table id="performance"></table></div></section>
    <div class="charts">
      <section class="panel"><h2>Versions</h2><div class="scroll"><table id="versions"></table></div><dl class="facts" id="model-facts"></dl></section>
      <section class="panel"><h2>Requests</h2><p class="lead">Since the server started.</p><div class="scroll"><table id="routes"></table></div></section>
    </div>
  </section>
</main>
<a id="small-answer" href="#answer" hidden></a>
<footer><p id="footer">Scores come from this server; nothing is loaded from elsewhere.</p></footer>
)html"
