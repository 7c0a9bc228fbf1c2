using Backup.BackupHttpServer.Limits;
using Backup.Blockstore;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;

namespace Backup.BackupHttpServer;

/// <summary>Turns whatever a request fails with into RFC 9457 problem details with code and hint; nothing else ever leaves the server.</summary>
internal static partial class Problems
{
    private const int RetryAfterSeconds = 2;

    /// <summary>What the back end waits for does not go away in a moment.</summary>
    private const int RetryCopiesAfterSeconds = 5;

    public static async Task GuardAsync(
        HttpContext context,
        RequestDelegate next,
        Admission admission,
        RouteTroubles troubles,
        ILogger log
    )
    {
        try
        {
            using var pass = admission.Enter(context);
            await next(context);
            troubles.Succeeded(context);
            if (context.Response is { StatusCode: >= 400, HasStarted: false })
            {
                await WriteAsync(
                    context,
                    context.Response.StatusCode == StatusCodes.Status405MethodNotAllowed
                        ? BackupHttpServerErrors.NoSuchMethod(context.Request.Method)
                        : BackupHttpServerErrors.Nothing("such route")
                );
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client is gone: nobody reads an answer.
        }
        catch (Exception failure)
        {
            var known = Translate(failure);
            var status = StatusOf(known);
            if (status >= StatusCodes.Status500InternalServerError)
            {
                LogFailure(log, known.Code, Downloads.LinkRoute.Loggable(context.Request.Path), failure);
                troubles.Failed(context, known);
            }
            else
            {
                LogRefusal(log, known.Code, Downloads.LinkRoute.Loggable(context.Request.Path), known.Message);
            }

            if (!context.Response.HasStarted)
            {
                await WriteAsync(context, known);
            }
            else
            {
                context.Abort();
            }
        }
    }

    public static async Task WriteAsync(HttpContext context, BackupException failure)
    {
        var status = StatusOf(failure);
        context.Response.Clear();
        if (status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
        {
            var seconds =
                failure.Number == BackupHttpServerErrors.BackEndBehind ? RetryCopiesAfterSeconds : RetryAfterSeconds;
            context.Response.Headers.RetryAfter = seconds.ToString();
        }

        await WriteAsync(context.Response, status, failure, context.RequestAborted);
    }

    internal static Task WriteAsync(
        HttpResponse response,
        int status,
        BackupException failure,
        CancellationToken cancellation
    )
    {
        response.StatusCode = status;
        var problem = new Problem(
            "about:blank",
            ReasonPhrases.GetReasonPhrase(status),
            status,
            failure.Message,
            failure.Code,
            failure.Hint,
            failure.IsTransient
        );
        return response.WriteAsJsonAsync(
            problem,
            AgentJson.Default.Problem,
            AgentProtocol.ProblemMediaType,
            cancellation
        );
    }

    internal static int StatusOf(BackupException failure) =>
        failure.Number switch
        {
            BackupHttpServerErrors.KeyUnknown
            or BackupHttpServerErrors.KeyReplaced
            or BackupHttpServerErrors.KeyPending => StatusCodes.Status401Unauthorized,
            BackupHttpServerErrors.AgentRevoked
            or BackupHttpServerErrors.KeyRevoked
            or BackupHttpServerErrors.CertificateMissing
            or BackupHttpServerErrors.CertificateExpired
            or BackupHttpServerErrors.CertificateForeign
            or BackupHttpServerErrors.CertificateRevoked
            or BackupHttpServerErrors.CertificateOtherAgents
            or BackupHttpServerErrors.TokenRefused => StatusCodes.Status403Forbidden,
            BackupHttpServerErrors.NotFound
            or BackupHttpServerErrors.NothingToInstall
            or BackupHttpServerErrors.CertificatesOff => StatusCodes.Status404NotFound,
            BackupHttpServerErrors.ProtocolMismatch
            or BackupHttpServerErrors.HeaderWrong
            or BackupHttpServerErrors.BodyCut
            or BackupHttpServerErrors.CertificateRequestWrong
            or BackupHttpServerErrors.RequestMalformed
            or BackupHttpServerErrors.JsonWrong => StatusCodes.Status400BadRequest,
            BackupHttpServerErrors.BodyTooLong => StatusCodes.Status413PayloadTooLarge,
            BackupHttpServerErrors.HeadersTooLong => StatusCodes.Status431RequestHeaderFieldsTooLarge,
            BackupHttpServerErrors.MethodWrong => StatusCodes.Status405MethodNotAllowed,
            BackupHttpServerErrors.Busy
            or BackupHttpServerErrors.AgentTooBusy
            or BackupHttpServerErrors.AgentRate
            or BackupHttpServerErrors.ServerTooBusy
            or BackupHttpServerErrors.InstallersTooMany
            or BackupHttpServerErrors.BackEndBehind => StatusCodes.Status429TooManyRequests,
            BackupHttpServerErrors.HashWrong
            or BackupHttpServerErrors.FrameDamaged
            or BackupHttpServerErrors.BsonDamaged
            or BackupHttpServerErrors.CountWrong
            or BackupHttpServerErrors.OptimesWrong
            or BackupHttpServerErrors.CatalogueWrong
            or BackupHttpServerErrors.IdMissing => StatusCodes.Status422UnprocessableEntity,
            BackupHttpServerErrors.OutOfOrder
            or BackupHttpServerErrors.OtherContent
            or BackupHttpServerErrors.ContinuityLost
            or BackupHttpServerErrors.SyncOver
            or BackupHttpServerErrors.OtherAgent
            or BackupHttpServerErrors.SyncRunning
            or BackupHttpServerErrors.RangeOver
            or BackupHttpServerErrors.IdRepeated
            or BackupHttpServerErrors.NotAllDone
            or BackupHttpServerErrors.BeginNotStored
            or BackupHttpServerErrors.StillInitialSync
            or BackupHttpServerErrors.FilterChanged
            or BackupHttpServerErrors.NamespaceLeftOut
            or MetadataErrors.LeaseLost => StatusCodes.Status409Conflict,
            BackupHttpServerErrors.TooSlow => StatusCodes.Status408RequestTimeout,
            FoundationErrors.DiskFull or FoundationErrors.WriteFailed or BlockstoreErrors.WritesStopped =>
                StatusCodes.Status503ServiceUnavailable,
            _ when failure.IsTransient && failure.Number != BackupHttpServerErrors.Unexpected =>
                StatusCodes.Status503ServiceUnavailable,
            _ => StatusCodes.Status500InternalServerError,
        };

    private static BackupException Translate(Exception failure) =>
        failure switch
        {
            BackupException known => known,
            BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } =>
                BackupHttpServerErrors.Slow(),
            BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } =>
                BackupHttpServerErrors.TooLong(AgentProtocol.MaxSliceBodyLength),
            BadHttpRequestException bad => BackupHttpServerErrors.Header("framing", $"is wrong: {bad.Message}"),
            _ => BackupHttpServerErrors.Defect(failure),
        };

    [LoggerMessage(8100, LogLevel.Warning, "{Code} at {Path}: {Message}")]
    private static partial void LogRefusal(ILogger log, string code, string path, string message);

    [LoggerMessage(8101, LogLevel.Error, "{Code} at {Path}")]
    private static partial void LogFailure(ILogger log, string code, string path, Exception failure);
}
