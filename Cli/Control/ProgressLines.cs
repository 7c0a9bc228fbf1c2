using System.Text.Json;
using System.Threading.Channels;
using Backup.WebUI.Contracts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Control;

/// <summary>Answers of long work: lines of JSON, progress as it goes, then the result or the error. Whoever hangs up stops it.</summary>
internal static class ProgressLines
{
    // A report of each step would be more than anybody reads.
    private const int ReportsAhead = 16;

    /// <param name="context">Of the request.</param>
    /// <param name="work">The work; told of its progress is who gives it.</param>
    /// <param name="ofProgress">A line of progress.</param>
    /// <param name="ofResult">The last line where it is done.</param>
    /// <param name="ofError">The last line where it failed.</param>
    /// <param name="logger">For what nobody expected.</param>
    /// <param name="cancellation">The command went away.</param>
    internal static async Task AnswerAsync<TProgress, TResult, TLine>(
        HttpContext context,
        Func<IProgress<TProgress>, Task<TResult>> work,
        Func<TProgress, TLine> ofProgress,
        Func<TResult, TLine> ofResult,
        Func<ErrorView, TLine> ofError,
        ILogger logger,
        CancellationToken cancellation
    )
    {
        context.Response.ContentType = "application/x-ndjson";
        // What nobody has read yet makes room for what is newer.
        var reports = Channel.CreateBounded<TProgress>(
            new BoundedChannelOptions(ReportsAhead) { FullMode = BoundedChannelFullMode.DropOldest }
        );
        var working = Task.Run(
            async () =>
            {
                try
                {
                    return await work(new Reports<TProgress>(reports.Writer));
                }
                finally
                {
                    reports.Writer.Complete();
                }
            },
            CancellationToken.None
        );
        TLine last;
        try
        {
            await foreach (var report in reports.Reader.ReadAllAsync(cancellation))
            {
                await WriteAsync(context, ofProgress(report), cancellation);
            }

            last = ofResult(await working);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            ControlServer.LogIfUnexpected(logger, failure);
            last = ofError(ControlServer.Describe(failure));
        }
        finally
        {
            // It is told to stop with the request: nothing of it goes on behind the answer.
            await ((Task)working).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await WriteAsync(context, last, cancellation);
    }

    private static async Task WriteAsync<TLine>(HttpContext context, TLine line, CancellationToken cancellation)
    {
        byte[] text = [.. JsonSerializer.SerializeToUtf8Bytes(line, ControlJson.Options), (byte)'\n'];
        await context.Response.Body.WriteAsync(text, cancellation);
        await context.Response.Body.FlushAsync(cancellation);
    }

    private sealed class Reports<T>(ChannelWriter<T> reports) : IProgress<T>
    {
        public void Report(T value) => reports.TryWrite(value);
    }
}
