using System.Text.Json;
using System.Threading.Channels;
using Backup.Cli.Appliance;
using Backup.Daemon.PointInTime;
using Backup.WebUI.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Control;

/// <summary>Single documents. Answers lines of JSON: progress as it goes, versions as they are found, then the end or the error.</summary>
internal static class DocumentEndpoints
{
    // Versions wait for who reads them, so that a long history is in memory nowhere.
    private const int LinesAhead = 64;

    internal static void Map(
        WebApplication application,
        DocumentOperations documents,
        TakeoutAudit audit,
        ILogger logger
    )
    {
        application.MapPost(
            ControlRoutes.Document,
            (HttpContext context, DocumentRequest request, CancellationToken cancellation) =>
                AnswerAsync(
                    context,
                    (lines, token) =>
                        audit.RecordAsync(
                            TakeoutAudit.Document,
                            Subject(request),
                            async () =>
                            {
                                var found = await documents.GetAsync(request, new Told(lines), token);
                                await lines.WriteAsync(new DocumentLine(Version: found), token);
                                return found;
                            },
                            static _ => null
                        ),
                    logger,
                    cancellation
                )
        );
        application.MapPost(
            ControlRoutes.DocumentHistory,
            (HttpContext context, DocumentRequest request, CancellationToken cancellation) =>
                AnswerAsync(
                    context,
                    (lines, token) =>
                        audit.RecordAsync(
                            TakeoutAudit.History,
                            Subject(request),
                            async () =>
                            {
                                var versions = 0;
                                await foreach (var version in documents.HistoryAsync(request, new Told(lines), token))
                                {
                                    await lines.WriteAsync(new DocumentLine(Version: version), token);
                                    versions++;
                                }

                                return versions;
                            },
                            static _ => null
                        ),
                    logger,
                    cancellation
                )
        );
    }

    private static string Subject(DocumentRequest request) => $"{request.Subject} {request.Namespace} _id {request.Id}";

    private static async Task AnswerAsync(
        HttpContext context,
        Func<ChannelWriter<DocumentLine>, CancellationToken, Task> work,
        ILogger logger,
        CancellationToken cancellation
    )
    {
        context.Response.ContentType = "application/x-ndjson";
        var lines = Channel.CreateBounded<DocumentLine>(LinesAhead);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var working = Task.Run(() => WorkAsync(lines.Writer, work, logger, stop.Token), CancellationToken.None);
        try
        {
            await foreach (var line in lines.Reader.ReadAllAsync(cancellation))
            {
                byte[] text = [.. JsonSerializer.SerializeToUtf8Bytes(line, ControlJson.Options), (byte)'\n'];
                await context.Response.Body.WriteAsync(text, cancellation);
                if (lines.Reader.Count == 0)
                {
                    await context.Response.Body.FlushAsync(cancellation);
                }
            }
        }
        finally
        {
            // Whoever hangs up stops it.
            await stop.CancelAsync();
            await working;
        }
    }

    private static async Task WorkAsync(
        ChannelWriter<DocumentLine> lines,
        Func<ChannelWriter<DocumentLine>, CancellationToken, Task> work,
        ILogger logger,
        CancellationToken cancellation
    )
    {
        try
        {
            await work(lines, cancellation);
            await lines.WriteAsync(new DocumentLine(IsEnd: true), cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Nobody listens any more.
        }
        catch (Exception failure)
        {
            ControlServer.LogIfUnexpected(logger, failure);
            var last = new DocumentLine(Error: ControlServer.Describe(failure));
            await lines.WriteAsync(last, cancellation).AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            lines.Complete();
        }
    }

    /// <summary>What nobody has time for is left out.</summary>
    private sealed class Told(ChannelWriter<DocumentLine> lines) : IProgress<ReplayProgress>
    {
        public void Report(ReplayProgress value) =>
            lines.TryWrite(
                new DocumentLine(
                    new ReplayView(new OptimeView(value.At.T, value.At.I), value.Bytes, value.ExpectedBytes)
                )
            );
    }
}
