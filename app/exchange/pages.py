"""The three steps of every import: upload, check row by row, write (M1.4.2). Subclasses name the importer."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy import select

from app.exchange import files, queries, services
from app.exchange.columns import SheetColumn
from app.exchange.guard import MAX_FILE_BYTES, ReaderError
from app.exchange.imports import Importer
from app.exchange.models import ImportBatch
from app.exchange.reader import MAX_ROWS
from app.exchange.staging import BAD, StagedRow, message_of
from app.exchange.template import BadRow, write_errors, write_template
from app.extensions import _, db
from app.jobs.models import Job
from app.kernel.errors import Message, RuleViolation, StaleRow, msg
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.regions.cache import current
from app.web.exports import download, file_name
from app.web.frame import translate
from app.web.listing import PAGE_SIZES, State, whole
from app.web.views import row_id

_MOST_TYPED = 500


@dataclass(frozen=True)
class Shown:
    """The columns of a preview: keys in order, each with heading, unit and whether it is a figure."""

    columns: tuple[SheetColumn, ...]

    @property
    def keys(self) -> list[str]:
        return [column.key for column in self.columns]

    def label(self, key: str | None) -> str:
        return next((column.label for column in self.columns if column.key == key), "")


class ImportView(BaseView):
    """Upload page, preview, corrections, writing and the workbook of refused rows."""

    importer: ClassVar[Importer]
    list_endpoint: ClassVar[str]
    default_view = "start"

    def path(self, name: str, **values: Any) -> str:
        return url_for(f"{type(self).__name__}.{name}", **values)

    # ── step 1 ──
    @expose("/")
    @has_access
    @permission_name("import")
    def start(self) -> Any:
        return self._upload_page()

    def _upload_page(self, problem: str = "", status: int = 200) -> Any:
        recent = queries.recent(db.session(), self.importer.entity)
        page = self.render_template(
            "exchange/upload.html", view=self, recent=recent, problem=problem,
            most_mb=MAX_FILE_BYTES >> 20, most_rows=MAX_ROWS, list_href=url_for(self.list_endpoint),
        )  # fmt: skip
        return page, status

    @expose("/template")
    @has_access
    @permission_name("import")
    def template(self) -> Response:
        """The empty template with drop-downs, notes and instructions."""
        actor, name = current_actor(), translate(self.importer.template_name)
        out = tempfile.TemporaryFile()  # noqa: SIM115  closed by the response
        write_template(
            out, self.importer.columns(actor), sheet_name=name[:31],
            instructions=[translate(line) for line in self.importer.instructions(actor)], translate=translate,
        )  # fmt: skip
        out.seek(0)
        area = current().name(actor.region_code) if actor.region_code else ""
        return download(out, f"{file_name(area + name, name)}.xlsx", request.args.get("download_token"))

    @expose("/", methods=["POST"])
    @has_access
    @permission_name("import")
    def upload(self) -> Any:
        """Keep the file and stage it, at once or by a job."""
        sent, actor = request.files.get("file"), current_actor()
        stored = None
        try:
            services.require(actor, self.importer)
            stored = files.receive(sent.stream, sent.filename or "", services.data_dir()) if sent else None
            if stored is None:
                raise ReaderError(msg("Choose a workbook first."))
            with unit_of_work() as session:
                batch_id = services.open_batch(session, actor, self.importer, stored).id
        except ReaderError as error:
            if stored:
                services.drop_unused_file(db.session(), stored.digest)
            return self._upload_page(translate(error.message), 422)
        finally:
            if sent:
                sent.close()
        with unit_of_work() as session:
            services.purge(session)
        return redirect(self.path("show", pk=batch_id), 303)

    # ── step 2 ──
    @expose("/<pk>")
    @has_access
    @permission_name("import")
    def show(self, pk: str) -> Any:
        """Progress, preview or result, whatever the batch is at."""
        batch = self._batch(pk)
        if batch.state in ("uploaded", "confirmed"):
            return self.render_template(
                "exchange/progress.html", **self._about(batch), **self._progress(batch)
            )
        if batch.state != "staged":
            reason = translate(message_of(batch.error["message"])) if batch.error else ""
            return self.render_template("exchange/result.html", **self._about(batch), reason=reason)
        return self.render_template("exchange/preview.html", **self._about(batch), **self._preview(batch))

    def _batch(self, pk: str) -> ImportBatch:
        return queries.find(db.session(), self.importer.entity, row_id(pk))

    def _about(self, batch: ImportBatch) -> dict[str, Any]:
        return {"view": self, "batch": batch, "list_href": url_for(self.list_endpoint)}

    def _preview(self, batch: ImportBatch) -> dict[str, Any]:
        session, args = db.session(), request.args
        problems = batch.warned_count + batch.bad_count
        show = args.get("show", "problem" if problems else "all")
        show = show if show in queries.TABS else "all"
        typed = args.get("q", "").replace("\x00", "").strip()[:60]
        size = size if (size := whole(args.get("size")) or 0) in PAGE_SIZES else PAGE_SIZES[0]
        if typed:
            page = queries.search(session, batch, self.importer.label_key, typed, show)
        else:
            page = queries.page(session, batch, show, min(whole(args.get("page")) or 1, 10_000), size)
        kept = {"show": show, "q": typed, "size": str(size) if size != PAGE_SIZES[0] else ""}
        state = State({key: value for key, value in kept.items() if value})
        here = self.path("show", pk=batch.id)
        return {
            "page": page, "show": show, "typed": typed, "sizes": PAGE_SIZES,
            "shown": self._shown(batch, page.rows),
            "before": queries.written_before(session, batch),
            "pager_href": lambda number: state.url(here, page=number if number > 1 else None),
            "size_href": lambda number: state.url(here, size=number),
        }  # fmt: skip

    def _shown(self, batch: ImportBatch, rows: Sequence[StagedRow]) -> Shown:
        """The usual columns, and every further one that a row of this page has something to say about."""
        wanted = set(self.importer.shown) | {key for row in rows for key in row.was}
        wanted |= {f.field for row in rows for f in row.findings if f.field and f.level != "info"}
        if current_actor().region_level != "county":
            wanted.add("county")
        label = self.importer.label_key
        order = dict.fromkeys((label, "county", *self.importer.shown))
        usual = {key: place for place, key in enumerate(order)}
        columns = [
            c for c in self.importer.columns(current_actor()) if c.key in wanted and c.key in batch.keys
        ]
        return Shown(tuple(sorted(columns, key=lambda column: usual.get(column.key, 99))))

    @expose("/<pk>/rows/<index>", methods=["POST"])
    @has_access
    @permission_name("import")
    def correct(self, pk: str, index: str) -> Any:
        """A corrected cell: the row as it is judged now, and the sums of the page."""
        key, value = (
            request.form.get("key", ""),
            request.form.get("value", "")[:_MOST_TYPED].replace("\x00", ""),
        )
        try:
            with unit_of_work() as session:
                services.correct_cell(
                    session, current_actor(), self.importer, row_id(pk), row_id(index), key, value
                )
        except (StaleRow, RuleViolation) as refusal:
            return _toast(translate(refusal.message))
        batch, wanted = self._batch(pk), request.form.get("columns", "").split(",")
        columns = {column.key: column for column in self.importer.columns(current_actor())}
        shown = Shown(tuple(columns[key] for key in wanted if key in columns and key in batch.keys))
        row, show = queries.row(db.session(), batch, int(index)), request.form.get("show", "")
        return render_template(
            "exchange/corrected.html", **self._about(batch), row=row, shown=shown, show=show
        )

    # ── step 3 ──
    @expose("/<pk>/write", methods=["POST"])
    @has_access
    @permission_name("import")
    def write(self, pk: str) -> Any:
        """Write the good rows: all of them, or nothing."""
        number, version = row_id(pk), whole(request.form.get("version")) or 0
        actor, importer = current_actor(), self.importer
        try:
            with unit_of_work() as session:
                seen = request.form.get("seen") == "1"
                batch = services.confirm(session, actor, importer, number, version, seen)
                written, good = batch.state == "written", batch.good_count
            if written:
                flash(_("%(n)s rows were written.", n=good), "success")
        except services.ImportConflict as conflict:
            with unit_of_work() as session:
                services.refresh(session, actor, importer, number, conflict.numbers)
            text = _("Somebody else changed records of this file meanwhile; nothing was written.")
            flash(text, "warning")
        except (RuleViolation, StaleRow) as refusal:
            flash(translate(refusal.message), "danger")
        return redirect(self.path("show", pk=number), 303)

    @expose("/<pk>/abandon", methods=["POST"])
    @has_access
    @permission_name("import")
    def abandon(self, pk: str) -> Any:
        """Give the import up; nothing was written."""
        with unit_of_work() as session:
            batch = services.abandon(session, current_actor(), self.importer, row_id(pk))
            digest = batch.digest
        services.drop_unused_file(db.session(), digest)
        flash(_("The import was abandoned; nothing was written."), "info")
        return redirect(self.path("start"), 303)

    @expose("/<pk>/progress")
    @has_access
    @permission_name("import")
    def progress(self, pk: str) -> Any:
        """How far the job is; sends the page on when it has finished."""
        batch = self._batch(pk)
        if batch.state in ("uploaded", "confirmed"):
            return render_template("exchange/_progress.html", **self._about(batch), **self._progress(batch))
        answer = make_response("")
        answer.headers["HX-Redirect"] = self.path("show", pk=batch.id)
        return answer

    def _progress(self, batch: ImportBatch) -> dict[str, Any]:
        columns = (Job.state, Job.progress, Job.total)
        job = db.session.execute(select(*columns).where(Job.id == batch.job_id)).first()
        return {"job": job}

    # ── refused rows ──
    @expose("/<pk>/errors")
    @has_access
    @permission_name("import")
    def errors(self, pk: str) -> Response:
        """The refused rows as a workbook with an 错误 column, to be mended and imported again."""
        batch = self._batch(pk)
        known = {column.key: column for column in self.importer.columns(current_actor())}
        columns = tuple(known[key] for key in batch.keys if key in known)
        out = tempfile.TemporaryFile()  # noqa: SIM115  closed by the response
        write_errors(out, columns, self._bad_rows(batch, columns), translate=translate)
        out.seek(0)
        stem = batch.file_name.rpartition(".")[0] or batch.file_name
        name = f"{file_name(stem, 'import')}_{_('errors')}.xlsx"
        return download(out, name, request.args.get("download_token"))

    def _bad_rows(self, batch: ImportBatch, columns: Sequence[SheetColumn]) -> Iterator[BadRow]:
        labels = {column.key: column.label for column in columns}
        for chunk in queries.chunks(db.session(), batch.id):
            for i in chunk.matching("bad"):
                row = chunk.row(i)
                errors = [f for f in row.findings if f.is_error] if row.outcome == BAD else []
                problems = [
                    Message("%(column)s: %(problem)s", {"column": labels[f.field], "problem": f.message})
                    if f.field in labels else f.message
                    for f in errors
                ]  # fmt: skip
                bad = frozenset(f.field for f in errors if f.field)
                yield BadRow(row.number, [row.cells[c.key] for c in columns], problems, bad)


def _toast(message: str) -> Response:
    """A refusal shown as a toast; what was typed stays in its field."""
    answer = make_response("")
    answer.headers["HX-Reswap"] = "none"
    answer.headers["HX-Trigger"] = json.dumps({"showToast": {"kind": "bad", "message": message}})
    return answer
