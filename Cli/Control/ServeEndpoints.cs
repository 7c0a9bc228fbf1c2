using Backup.Cli.Appliance;
using Microsoft.AspNetCore.Builder;

namespace Backup.Cli.Control;

/// <summary>Moments served as a MongoDB endpoint.</summary>
internal static class ServeEndpoints
{
    internal static void Map(WebApplication application, ServeOperations serving)
    {
        application.MapGet(ControlRoutes.Served, serving.List);
        application.MapPost(ControlRoutes.Served, serving.StartAsync);
        application.MapPost(ControlRoutes.StopServed, serving.StopAsync);
    }
}
