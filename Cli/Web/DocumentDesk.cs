using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Backup.Cli.Appliance;
using Backup.Daemon.PointInTime;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.Cli.Web;

/// <summary>Single documents, with what is written down of them.</summary>
/// <param name="documents">Finds them.</param>
/// <param name="subjects">What subjects are called.</param>
/// <param name="audit">Writes it down.</param>
internal sealed class DocumentDesk(DocumentOperations documents, ClusterRestoreOperations subjects, TakeoutAudit audit)
    : IDocumentDesk
{
    // Versions wait for who reads them, so that a long history is in memory nowhere.
    private const int LinesAhead = 64;

    public IAsyncEnumerable<DocumentLine> GetAsync(DocumentRequest request, CancellationToken cancellation) =>
        LinesAsync(
            async (lines, token) =>
                await audit.RecordAsync(
                    TakeoutAudit.Document,
                    await SubjectAsync(request, token),
                    async () =>
                    {
                        var found = await documents.GetAsync(request, new Told(lines), token);
                        await lines.WriteAsync(new DocumentLine(Version: found), token);
                        return found;
                    },
                    static _ => null
                ),
            cancellation
        );

    public IAsyncEnumerable<DocumentLine> HistoryAsync(DocumentRequest request, CancellationToken cancellation) =>
        LinesAsync(
            async (lines, token) =>
                await audit.RecordAsync(
                    TakeoutAudit.History,
                    await SubjectAsync(request, token),
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
            cancellation
        );

    private async Task<string> SubjectAsync(DocumentRequest request, CancellationToken cancellation)
    {
        var subject = await subjects.SubjectAsync(request.Subject, cancellation);
        return $"{subject.Name} {request.Namespace} _id {request.Id}";
    }

    /// <summary>Whoever reads no further stops the work, and waits for its end.</summary>
    private static async IAsyncEnumerable<DocumentLine> LinesAsync(
        Func<ChannelWriter<DocumentLine>, CancellationToken, Task> work,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        var lines = Channel.CreateBounded<DocumentLine>(LinesAhead);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var working = Task.Run(() => WorkAsync(lines.Writer, work, stop.Token), CancellationToken.None);
        try
        {
            await foreach (var line in lines.Reader.ReadAllAsync(cancellation))
            {
                yield return line;
            }
        }
        finally
        {
            await stop.CancelAsync();
            await working;
        }
    }

    /// <summary>What it fails with comes behind the lines.</summary>
    private static async Task WorkAsync(
        ChannelWriter<DocumentLine> lines,
        Func<ChannelWriter<DocumentLine>, CancellationToken, Task> work,
        CancellationToken cancellation
    )
    {
        try
        {
            await work(lines, cancellation);
            lines.Complete();
        }
        catch (Exception failure)
        {
            lines.Complete(failure);
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
