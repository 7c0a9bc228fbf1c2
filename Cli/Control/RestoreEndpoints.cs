using System.Text.Json;
using Backup.Cli.Appliance;
using Backup.Daemon.PointInTime;
using Backup.Daemon.Restores;
using Backup.WebUI.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Control;

/// <summary>Restores of clusters.</summary>
internal static class RestoreEndpoints
{
    internal static void Map(
        WebApplication application,
        ClusterRestoreOperations restores,
        TakeoutAudit audit,
        ILogger logger
    )
    {
        application.MapGet(
            ControlRoutes.RestoreCluster,
            (HttpContext context, string cluster, string format, CancellationToken cancellation) =>
            {
                var query = context.Request.Query;
                var moment = MomentOf(query);
                return ControlServer.RestoreAsync(
                    context,
                    $"{cluster} {What(query, moment)}, {format}",
                    () =>
                        restores.OpenMergedAsync(
                            cluster,
                            moment is null ? query[ControlRoutes.SnapshotParameter].ToString() : null,
                            moment,
                            RestoreFormats.Parse(format),
                            ControlServer.NamespacesOf(query),
                            query[ControlRoutes.IdParameter],
                            cancellation
                        ),
                    audit,
                    logger,
                    cancellation
                );
            }
        );
        application.MapGet(
            ControlRoutes.ClusterFiles,
            (HttpContext context, string cluster, CancellationToken cancellation) =>
                FilesAsync(context, cluster, restores, audit, logger, cancellation)
        );
    }

    /// <summary>For people.</summary>
    private static string What(IQueryCollection query, RestorePoint? moment) =>
        NamedMoments.What(query[ControlRoutes.SnapshotParameter], moment);

    /// <summary>Null where no moment is named.</summary>
    private static RestorePoint? MomentOf(IQueryCollection query) =>
        NamedMoments.MomentOf(query[ControlRoutes.OptimeParameter], query[ControlRoutes.SecondParameter]);

    private static async Task FilesAsync(
        HttpContext context,
        string cluster,
        ClusterRestoreOperations restores,
        TakeoutAudit audit,
        ILogger logger,
        CancellationToken cancellation
    )
    {
        var query = context.Request.Query;
        var moment = MomentOf(query);
        await using var files = await restores.OpenFilesAsync(
            cluster,
            moment is null ? query[ControlRoutes.SnapshotParameter].ToString() : null,
            moment,
            query.ContainsKey(ControlRoutes.RawParameter),
            ControlServer.NamespacesOf(query),
            query[ControlRoutes.IdParameter],
            cancellation
        );
        var response = context.Response;
        response.ContentType = "application/octet-stream";
        response.DeclareTrailer(ControlRoutes.ResultTrailer);
        try
        {
            var frames = new FileFrameWriter(response.Body);
            var subject = $"{cluster} {What(query, moment)}, set by set";
            var result = await audit.RecordAsync(
                TakeoutAudit.Output,
                subject + TakeoutAudit.Selection(query[ControlRoutes.NamespaceParameter]!),
                () => files.WriteAsync(frames, cancellation),
                static _ => null
            );
            await frames.EndAsync(cancellation);
            // Behind the files, as a header has an end; the trailer says that this is all.
            var view = new ClusterFilesView(
                true,
                new OptimeView(result.Time.T, result.Time.I),
                result.Sets,
                result.LeftOut
            );
            await response.Body.WriteAsync(
                JsonSerializer.SerializeToUtf8Bytes(view, ControlJson.Options),
                cancellation
            );
            response.AppendTrailer(ControlRoutes.ResultTrailer, "whole");
        }
        catch (Exception failure) when (response.HasStarted && failure is not OperationCanceledException)
        {
            ControlServer.LogIfUnexpected(logger, failure);
            response.AppendTrailer(ControlRoutes.ErrorTrailer, ControlServer.Encoded(ControlServer.Describe(failure)));
        }
    }
}
