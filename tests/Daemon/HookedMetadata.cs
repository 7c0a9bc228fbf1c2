using System.Reflection;
using Backup.Metadata;

namespace Backup.Tests.Daemon;

/// <summary>A catalogue as it is, but for something that happens right after a cut was looked at.</summary>
public class HookedMetadata : DispatchProxy
{
    private object _target = null!;
    private object? _clusters;
    private Func<CutRecord?, Task> _hook = null!;

    /// <param name="metadata">What is asked.</param>
    /// <param name="afterLook">Gets what the look at the open cut showed; the look is over when this is.</param>
    internal static IMetadataStore Of(IMetadataStore metadata, Func<CutRecord?, Task> afterLook) =>
        Make<IMetadataStore>(metadata, Make<IClusters>(metadata.Clusters, null, afterLook), afterLook);

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (_clusters is not null && targetMethod!.Name == "get_Clusters")
        {
            return _clusters;
        }

        var result = targetMethod!.Invoke(_target, args);
        return result is Task<CutRecord?> look && targetMethod.Name == nameof(IClusters.OpenCutAsync)
            ? AfterAsync(look)
            : result;
    }

    private static T Make<T>(T target, object? clusters, Func<CutRecord?, Task> hook)
        where T : class
    {
        var proxy = Create<T, HookedMetadata>();
        var made = (HookedMetadata)(object)proxy;
        (made._target, made._clusters, made._hook) = (target, clusters, hook);
        return proxy;
    }

    private async Task<CutRecord?> AfterAsync(Task<CutRecord?> look)
    {
        var seen = await look;
        await _hook(seen);
        return seen;
    }
}
