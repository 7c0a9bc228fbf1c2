using System.Reflection;
using Backup.Metadata;

namespace Backup.Tests.Daemon;

/// <summary>A catalogue that cannot be asked one thing for some calls, from when the head of a replica set is to be told as stopped.</summary>
/// <param name="call">The member of <see cref="IDeployments"/> that fails.</param>
internal sealed class AwayFor(string call)
{
    private int _left;
    private volatile bool _hasBegun;

    /// <summary>Calls that still fail.</summary>
    internal int Left => Volatile.Read(ref _left);

    internal void Away(int calls) => Volatile.Write(ref _left, calls);

    internal IMetadataStore Of(IMetadataStore metadata) => Proxy<IMetadataStore>.Of(metadata, this);

    /// <summary>Before the member is asked.</summary>
    private void Asked(MethodInfo method, object?[]? arguments)
    {
        var stops =
            method.Name == nameof(IOplogSlices.AddHoleAsync)
            || (method.Name == nameof(IDeployments.SetStateAsync) && arguments is [_, ReplicaSetState.Stopped, ..]);
        _hasBegun |= stops;
        if (_hasBegun && method.Name == call && Left > 0)
        {
            _ = Interlocked.Decrement(ref _left);
            throw MetadataErrors.MongoUnreachable("backup", new TimeoutException("no primary"));
        }
    }

    public class Proxy<T> : DispatchProxy
        where T : class
    {
        private T _target = null!;
        private AwayFor _away = null!;

        internal static T Of(T target, AwayFor away)
        {
            var proxy = Create<T, Proxy<T>>();
            var made = (Proxy<T>)(object)proxy;
            (made._target, made._away) = (target, away);
            return proxy;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            _away.Asked(targetMethod!, args);
            return targetMethod!.Invoke(_target, args) switch
            {
                IMetadataStore store => Proxy<IMetadataStore>.Of(store, _away),
                IDeployments deployments => Proxy<IDeployments>.Of(deployments, _away),
                IOplogSlices slices => Proxy<IOplogSlices>.Of(slices, _away),
                var result => result,
            };
        }
    }
}
