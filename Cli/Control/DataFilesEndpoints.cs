using System.Globalization;
using System.Runtime.ExceptionServices;
using Backup.Cli.Appliance;
using Backup.Daemon.PointInTime;
using Backup.Daemon.Targets;
using Backup.Metadata;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Control;

/// <summary>Restores to data files: lines of JSON, and behind them the tar where no folder is named.</summary>
internal static class DataFilesEndpoints
{
    internal static void Map(WebApplication application, ApplianceParts parts, ILogger logger) =>
        application.MapPost(
            ControlRoutes.DataFiles,
            async (HttpContext context, DataFilesRequest request, CancellationToken cancellation) =>
            {
                var group = await parts.Subjects.GroupOfAsync(request.Subject, snapshot: null, cancellation);
                using var actor = AuditActor.Begin(HostCallers.Name, "local", group);
                await AnswerAsync(context, request, parts.DataFiles, parts.Audit, logger, cancellation);
            }
        );

    /// <summary>Whoever hangs up stops it, and nothing of it is left.</summary>
    private static async Task AnswerAsync(
        HttpContext context,
        DataFilesRequest request,
        DataFilesOperations operations,
        TakeoutAudit audit,
        ILogger logger,
        CancellationToken cancellation
    )
    {
        var moment = NamedMoments.MomentOf(request.Optime, request.Before);
        var response = context.Response;
        response.DeclareTrailer(ControlRoutes.BytesTrailer);
        BuiltView? built = null;
        ExceptionDispatchInfo? failed = null;
        try
        {
            _ = await audit.RecordAsync(TakeoutAudit.DataFiles, Subject(request, moment), DeliverAsync, Bytes);
        }
        catch (Exception) when (failed is not null)
        {
            // The last line told it.
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            ControlServer.LogIfUnexpected(logger, failure);
            response.AppendTrailer(ControlRoutes.ErrorTrailer, ControlServer.Encoded(ControlServer.Describe(failure)));
        }
        finally
        {
            built?.Dispose();
        }

        async Task<long> DeliverAsync()
        {
            await ProgressLines.AnswerAsync<TargetProgress, BuiltView, DataFilesLine>(
                context,
                BuildAsync,
                static one => new DataFilesLine(
                    new TargetProgressView(one.Phase, one.Namespace, one.Documents, one.Bytes, one.ExpectedBytes),
                    null,
                    null
                ),
                static done => new DataFilesLine(null, done.View, null),
                static error => new DataFilesLine(null, null, error),
                logger,
                cancellation
            );
            failed?.Throw();
            var files = built!.Files;
            if (request.Folder is not null)
            {
                return files.Result.FileBytes;
            }

            var bytes = await files.WriteTarAsync(response.Body, cancellation);
            response.AppendTrailer(ControlRoutes.BytesTrailer, bytes.ToString(CultureInfo.InvariantCulture));
            return bytes;
        }

        async Task<BuiltView> BuildAsync(IProgress<TargetProgress> progress)
        {
            try
            {
                built = await operations.BuildAsync(request, moment, progress, cancellation);
                if (request.Folder is { } folder)
                {
                    built.Files.Publish(folder);
                }

                return built;
            }
            catch (Exception failure)
            {
                failed = ExceptionDispatchInfo.Capture(failure);
                throw;
            }
        }

        static long? Bytes(long bytes) => bytes;
    }

    private static string Subject(DataFilesRequest request, RestorePoint? moment)
    {
        var to = request.Folder is { } folder ? $" to {folder}" : "";
        return $"{request.Subject} {NamedMoments.What(request.Snapshot, moment)}{TakeoutAudit.Selection(request.Namespaces)}, data files{to}";
    }
}
