using Backup.Cli.Appliance;
using Backup.Metadata;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Microsoft.AspNetCore.Builder;

namespace Backup.Cli.Control;

/// <summary>Moments served as a MongoDB endpoint.</summary>
internal static class ServeEndpoints
{
    internal static void Map(WebApplication application, ServeOperations serving, SubjectOperations subjects)
    {
        application.MapGet(ControlRoutes.Served, serving.List);
        application.MapPost(
            ControlRoutes.Served,
            async (ServeRequestView request, CancellationToken cancellation) =>
            {
                var group = await subjects.GroupOfAsync(request.Subject, snapshot: null, cancellation);
                using var actor = AuditActor.Begin(HostCallers.Name, "local", group);
                return await serving.StartAsync(request, cancellation);
            }
        );
        application.MapPost(ControlRoutes.StopServed, serving.StopAsync);
    }
}
