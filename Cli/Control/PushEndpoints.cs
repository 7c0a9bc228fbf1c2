using Backup.Cli.Appliance;
using Backup.Daemon.Pushes;
using Backup.WebUI.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Control;

/// <summary>Pushes over SSH.</summary>
internal static class PushEndpoints
{
    internal static void Map(WebApplication application, PushOperations pushes, ILogger logger) =>
        application.MapPost(
            ControlRoutes.Push,
            (HttpContext context, PushRequest request, CancellationToken cancellation) =>
                PushAsync(context, request, pushes, logger, cancellation)
        );

    private static Task PushAsync(
        HttpContext context,
        PushRequest request,
        PushOperations pushes,
        ILogger logger,
        CancellationToken cancellation
    )
    {
        var moment = NamedMoments.MomentOf(request.Optime, request.Before);
        return ProgressLines.AnswerAsync<PushProgress, PushView, PushLine>(
            context,
            progress => pushes.PushAsync(request, moment, progress, cancellation),
            static one => new PushLine(
                new PushProgressView(one.Phase, one.File, one.Bytes, one.ExpectedBytes),
                null,
                null
            ),
            static result => new PushLine(null, result, null),
            static error => new PushLine(null, null, error),
            logger,
            cancellation
        );
    }
}
